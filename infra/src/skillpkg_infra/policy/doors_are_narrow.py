"""No security group lets the internet in; every rule is one resource that says its purpose."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUPS = (
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
)
EVERYWHERE = ("0.0.0.0/0", "::/0")


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, INGRESS, EGRESS):
        anywhere = EVERYWHERE[0] in (one.inputs.get("cidrIpv4"), one.inputs.get("cidrIpv6"))
        if anywhere and (one.type == INGRESS or one.inputs.get("fromPort") != 443):
            yield one, "is open to the whole internet"
        if one.inputs.get("ipProtocol") == "-1":
            yield one, "names no port"
        if not one.inputs.get("description"):
            yield one, "does not say what it is for"
    for one in of_type(resources, *GROUPS):
        if one.inputs.get("ingress") or one.inputs.get("egress"):
            yield one, "has rules inside it"


RULE = Rule("doors-are-narrow", __doc__, _check, ("CKV_AWS_23", "CKV_AWS_382", "CKV2_AWS_12"))
