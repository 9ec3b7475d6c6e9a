"""Keys for data at rest rotate every year; no key is gone in less than a week."""

from __future__ import annotations

from collections.abc import Sequence

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type

DAYS = 7


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:kms/key:Key"):
        symmetric = one.inputs.get("keyUsage") != "SIGN_VERIFY"
        if symmetric and not one.inputs.get("enableKeyRotation"):
            yield one, "does not rotate"
        if one.inputs.get("deletionWindowInDays", 30) < DAYS:
            yield one, f"can be gone in less than {DAYS} days"


RULE = Rule("data-keys-rotate", __doc__, _check, ("CKV_AWS_7",))
