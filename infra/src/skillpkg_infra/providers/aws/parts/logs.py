"""Log groups: encrypted, kept for as long as the stack says."""

from __future__ import annotations

import pulumi
from pulumi_aws.cloudwatch import LogGroup
from pulumi_aws.kms import Key

from skillpkg_infra.scope import Scope


def log_group(
    scope: Scope,
    part: str,
    days: int,
    key: Key | None,
    *,
    name: pulumi.Input[str] | None = None,
    region: str | None = None,
) -> LogGroup:
    """Make a log group; without a key where the service that writes has its own region."""
    return LogGroup(
        scope.named(part),
        name=name,
        kms_key_id=key.arn if key else None,
        retention_in_days=days,
        region=region,
        tags=scope.labels(part),
        opts=scope.options(),
    )
