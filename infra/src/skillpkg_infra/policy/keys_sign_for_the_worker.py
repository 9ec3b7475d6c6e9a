"""A signing key is P-256, and its policy lets one principal sign, with one algorithm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skillpkg_infra.policy.rule import Found, Resource, Rule, of_type, statements, without

SIGNATURE = {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST"}
FORM = {"customerMasterKeySpec": "ECC_NIST_P256", "keyUsage": "SIGN_VERIFY"}


def _check(resources: Sequence[Resource]) -> Found:
    for one in of_type(resources, "aws:kms/key:Key"):
        if one.inputs.get("keyUsage") != "SIGN_VERIFY":
            continue
        yield from without(one, FORM)
        for statement in statements(one):
            if _signs(statement) and not _is_bound(statement):
                yield one, f"{statement['Sid']} lets others than the worker sign, or otherwise"


def _signs(statement: dict[str, Any]) -> bool:
    allowed = statement["Effect"] == "Allow"
    return allowed and any(action in ("kms:*", "*", "kms:Sign") for action in statement["Action"])


def _is_bound(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {})
    principal = condition.get("ArnEquals", {}).get("aws:PrincipalArn", "")
    return condition.get("StringEquals") == SIGNATURE and str(principal).endswith("-worker")


RULE = Rule("keys-sign-for-the-worker", __doc__, _check, ("CKV_AWS_33", "CKV2_AWS_64"))
