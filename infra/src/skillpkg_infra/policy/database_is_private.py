"""No database answers from outside its network, in clear text, or unencrypted at rest."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, without

EXPECTED = {"publiclyAccessible": False, "storageEncrypted": True}


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:rds/instance:Instance"):
        yield from without(one, EXPECTED)
        if not one.inputs.get("kmsKeyId"):
            yield one, "is encrypted with AWS's own key, not with the stack's"


RULE = Rule("database-is-private", __doc__, _check, ("CKV_AWS_17", "CKV_AWS_16", "CKV_AWS_354"))
