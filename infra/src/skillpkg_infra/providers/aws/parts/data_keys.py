"""Symmetric keys for data at rest: usable through the named AWS services alone."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.kms import Alias, Key, KeyPolicy

from skillpkg_infra.choices import Deletion
from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.policies import Conditions, Statement, document
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.scope import Scope

USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")

ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:Describe*",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
    "kms:UpdatePrimaryRegion",
)
"""What the account's administrators may do with a key; using it is not among these."""


def data_key(
    scope: Scope,
    part: str,
    account: Account,
    *,
    services: Sequence[str],
    more: Sequence[Statement] = (),
    region: str | None = None,
) -> Key:
    """Make a yearly rotated key that this account uses through ``services``, never directly."""
    key = Key(
        scope.named(part),
        description=f"{scope.name}: data at rest, {', '.join(services) or part}",
        enable_key_rotation=True,
        deletion_window_in_days=deletion_window(scope.deletion),
        policy=document(administration(account), *_through(account, services), *more),
        region=region,
        tags=scope.labels(part),
        opts=scope.options(keeps=True),
    )
    Alias(
        scope.named(f"{part}-alias"),
        name=f"alias/{pulumi.get_project()}/{pulumi.get_stack()}/{scope.named(part)}",
        target_key_id=key.key_id,
        region=region,
        opts=scope.options(),
    )
    return key


def storage_key(scope: Scope, part: str = "key", region: str | None = None) -> Key:
    """Make the key of the buckets; its policy comes later, when the CDN that it names exists."""
    return Key(
        scope.named(part),
        description=f"{scope.name}: objects and secrets at rest",
        enable_key_rotation=True,
        deletion_window_in_days=deletion_window(scope.deletion),
        region=region,
        tags=scope.labels(part),
        opts=scope.options(keeps=True, ignore=["policy"]),
    )


def storage_key_policy(
    scope: Scope,
    account: Account,
    key: Key,
    cdn_arn: pulumi.Input[str] | None,
    *,
    part: str = "key",
    region: str | None = None,
) -> KeyPolicy:
    """Let the account use the key through S3 and Secrets Manager, and one CDN read with it."""
    used = _through(account, ("s3", "secretsmanager"), region)
    read = [_cdn_reads(cdn_arn)] if cdn_arn is not None else []
    return KeyPolicy(
        scope.named(f"{part}-policy"),
        key_id=key.id,
        policy=document(administration(account), *used, *read),
        region=region,
        opts=scope.options(),
    )


def _cdn_reads(cdn_arn: pulumi.Input[str]) -> Statement:
    return Statement(
        "CdnReads",
        ("kms:Decrypt",),
        principals={"Service": "cloudfront.amazonaws.com"},
        conditions={"StringEquals": {"AWS:SourceArn": cdn_arn}},
    )


def deletion_window(deletion: Deletion) -> int:
    """Return the days between the order to delete a key and its end."""
    return 7 if deletion is Deletion.DESTROY else 30


def administration(account: Account) -> Statement:
    """Let the account's own IAM policies administer a key, and not use it."""
    return Statement("Administer", ADMINISTER, principals={"AWS": account.root})


def log_statement(account: Account) -> Statement:
    """Let CloudWatch Logs use the key for this account's log groups."""
    service = joined("logs.", account.region, ".", account.dns_suffix)
    return Statement(
        "Logs",
        USE,
        principals={"Service": service},
        conditions={
            "ArnLike": {"kms:EncryptionContext:aws:logs:arn": account.arn("logs", "log-group:*")}
        },
    )


def _through(
    account: Account, services: Sequence[str], region: str | None = None
) -> list[Statement]:
    if not services:
        return []
    place = region or account.region
    hosts = [joined(service, ".", place, ".", account.dns_suffix) for service in services]
    limits: Conditions = {
        "StringEquals": {"kms:CallerAccount": account.id, "kms:ViaService": hosts}
    }
    used = Statement("UseThroughServices", USE, principals={"AWS": "*"}, conditions=limits)
    granted = Statement(
        "GrantThroughServices",
        ("kms:CreateGrant",),
        principals={"AWS": "*"},
        conditions={**limits, "Bool": {"kms:GrantIsForAWSResource": "true"}},
    )
    return [used, granted]
