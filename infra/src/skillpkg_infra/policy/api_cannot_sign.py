"""The api has no right on any key, and writes to no bucket but the one for uploads."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, statements

WRITES = ("s3:PutObject", "s3:DeleteObject")


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:iam/rolePolicy:RolePolicy"):
        if not one.name.endswith("-api-rights"):
            continue
        for statement in statements(one):
            if any(action.startswith("kms:") for action in statement["Action"]):
                yield one, f"{statement['Sid']} is a right on a key"
            if any(action in WRITES for action in statement["Action"]):
                wrong = [arn for arn in statement["Resource"] if "staging" not in arn]
                yield from ((one, f"may write to {arn}") for arn in wrong)


RULE = Rule("api-cannot-sign", __doc__, _check)
