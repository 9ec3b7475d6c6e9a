"""A VPC of ours has flow logs, and gives nobody a public address by itself."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type


def _check(resources: Sequence[Resource]) -> Found:
    flows = list(of_type(resources, "aws:ec2/flowLog:FlowLog"))
    for one in of_type(resources, "aws:ec2/vpc:Vpc"):
        if not flows:
            yield one, "has no flow logs"
    for one in of_type(resources, "aws:ec2/subnet:Subnet"):
        if one.inputs.get("mapPublicIpOnLaunch") is not False:
            yield one, "gives out public addresses"
    for one in of_type(resources, "aws:ec2/vpcEndpoint:VpcEndpoint"):
        if not one.inputs.get("policy"):
            yield one, "lets other accounts' identities through"


RULE = Rule("network-is-watched", __doc__, _check, ("CKV2_AWS_11", "CKV_AWS_130"))
