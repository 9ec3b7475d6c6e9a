"""Asymmetric keys: administrators cannot sign with them, and the one signer cannot change them."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.kms import Alias, Key, ReplicaKey

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.data_keys import administration, deletion_window
from skillpkg_infra.providers.aws.parts.naming import role_arn
from skillpkg_infra.providers.aws.parts.policies import Statement, document
from skillpkg_infra.rights import Identity
from skillpkg_infra.scope import Scope

SPEC = "ECC_NIST_P256"
ALGORITHM = "ECDSA_SHA_256"


def signing_key(
    scope: Scope, account: Account, role: str, generation: int, *, signs: bool, region: str | None
) -> Key:
    """Make one generation of a key.

    Args:
        scope: names and tags.
        account: whose administrators may administer it.
        role: ``signing``, ``log`` and so on.
        generation: 1 for the first; a rotation makes the next.
        signs: whether the worker may sign with it.
        region: the recovery region, where a replica of the key is kept.
    """
    part = role.replace("_", "-") if generation == 1 else f"{role.replace('_', '-')}-{generation}"
    policy = document(administration(account), *_worker(account, signs=signs))
    key = Key(
        scope.named(part),
        description=f"{scope.name}: {role} key, generation {generation}",
        customer_master_key_spec=SPEC,
        key_usage="SIGN_VERIFY",
        multi_region=region is not None,
        deletion_window_in_days=deletion_window(scope.deletion),
        bypass_policy_lockout_safety_check=False,
        policy=policy,
        tags=scope.labels(part),
        opts=scope.options(keeps=True, ignore=["multiRegion"]),
    )
    if region is not None:
        _replica(scope, part, key, policy, region)
    return key


def newest_alias(scope: Scope, role: str, key: Key) -> None:
    """Name the newest generation for people; programs use the pinned ARN."""
    part = role.replace("_", "-")
    Alias(
        scope.named(f"{part}-alias"),
        name=f"alias/{pulumi.get_project()}/{pulumi.get_stack()}/{part}",
        target_key_id=key.key_id,
        opts=scope.options(),
    )


def _replica(
    scope: Scope, part: str, key: Key, policy: pulumi.Input[str], region: str
) -> ReplicaKey:
    return ReplicaKey(
        scope.named(f"{part}-replica"),
        description=f"{scope.name}: {part}, for recovery",
        primary_key_arn=key.arn,
        deletion_window_in_days=deletion_window(scope.deletion),
        policy=policy,
        region=region,
        tags=scope.labels(f"{part}-replica"),
        opts=scope.options(keeps=True),
    )


def _worker(account: Account, *, signs: bool) -> Sequence[Statement]:
    # The account is the principal, because the role is made after the key; the condition
    # leaves the worker alone, and its own policy must allow the same.
    worker = {"aws:PrincipalArn": role_arn(account, Identity.WORKER)}
    looks = Statement(
        "WorkerLooks",
        ("kms:DescribeKey", "kms:GetPublicKey"),
        principals={"AWS": account.root},
        conditions={"ArnEquals": worker},
    )
    signature = {"kms:SigningAlgorithm": ALGORITHM, "kms:MessageType": "DIGEST"}
    sign = Statement(
        "WorkerSigns",
        ("kms:Sign",),
        principals={"AWS": account.root},
        conditions={"ArnEquals": worker, "StringEquals": signature},
    )
    return (looks, sign) if signs else (looks,)
