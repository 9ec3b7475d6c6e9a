"""Secrets: made empty or with a value, deleted late, read through one key."""

from __future__ import annotations

import pulumi
from pulumi_aws.kms import Key
from pulumi_aws.secretsmanager import Secret, SecretVersion

from skillpkg_infra.choices import Deletion
from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.scope import Scope


def secret(scope: Scope, part: str, key: Key, description: str, *, keeps: bool = False) -> Secret:
    """Make a secret without a value: whoever may write it does so later."""
    return Secret(
        scope.named(part),
        description=description,
        kms_key_id=key.arn,
        recovery_window_in_days=0 if scope.deletion is Deletion.DESTROY else 30,
        tags=scope.labels(part),
        opts=scope.options(keeps=keeps),
    )


def value(scope: Scope, part: str, holder: Secret, text: pulumi.Input[str]) -> SecretVersion:
    """Put a value into a secret; it is a secret in the stack's state too."""
    return SecretVersion(
        scope.named(part),
        secret_id=holder.id,
        secret_string=pulumi.Output.secret(text),
        opts=scope.options(),
    )


def secret_uri(account: Account, arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return what a container reads the secret by."""
    return joined("awssm://", account.region, "/", arn)
