"""Every log group has an end, and a key of ours wherever the writer can use one."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:cloudwatch/logGroup:LogGroup"):
        if not one.inputs.get("retentionInDays"):
            yield one, "is kept for ever"
        # The firewall writes in CloudFront's region, where the stack has no key.
        if not one.inputs.get("kmsKeyId") and not one.inputs.get("region"):
            yield one, "is not encrypted with a key of the stack"


RULE = Rule("logs-are-kept", __doc__, _check, ("CKV_AWS_338", "CKV_AWS_158"))
