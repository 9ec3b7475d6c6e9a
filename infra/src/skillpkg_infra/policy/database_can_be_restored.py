"""A database keeps at least a week of backups, and its password is made and rotated by RDS."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, without

DAYS = 7


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:rds/instance:Instance"):
        days = one.inputs.get("backupRetentionPeriod", 0)
        if days < DAYS:
            yield one, f"keeps {days} days of backups, not {DAYS}"
        yield from without(one, {"copyTagsToSnapshot": True, "manageMasterUserPassword": True})
        kept = one.inputs.get("deletionProtection")
        if kept and one.inputs.get("skipFinalSnapshot"):
            yield one, "is protected, and yet leaves without a final snapshot"


RULE = Rule("database-can-be-restored", __doc__, _check, ("CKV_AWS_133", "CKV2_AWS_60"))
