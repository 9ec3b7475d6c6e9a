"""No identity may do everything, or anything to everything; one call knows no resource."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, statements

KNOWS_NO_RESOURCE = ["ecr:GetAuthorizationToken"]


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:iam/rolePolicy:RolePolicy"):
        for statement in statements(one):
            if any("*" in action for action in statement["Action"]):
                yield one, f"{statement['Sid']} names its actions with a wildcard"
            if "*" in statement["Resource"] and statement["Action"] != KNOWS_NO_RESOURCE:
                yield one, f"{statement['Sid']} is about every resource"


RULE = Rule("identities-have-no-wildcards", __doc__, _check, ("CKV_AWS_355", "CKV_AWS_290"))
