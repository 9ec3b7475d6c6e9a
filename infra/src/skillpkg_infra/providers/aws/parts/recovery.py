"""What a second region needs to take over."""

from __future__ import annotations

from pulumi_aws.kms import Key

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.data_keys import USE, administration, deletion_window
from skillpkg_infra.providers.aws.parts.policies import Statement, document
from skillpkg_infra.providers.aws.parts.text import joined
from skillpkg_infra.scope import Scope


def backup_key(scope: Scope, account: Account, region: str, service: str) -> Key:
    """Make the key that encrypts copies in the recovery region."""
    host = joined(service, f".{region}.", account.dns_suffix)
    limits = {"StringEquals": {"kms:CallerAccount": account.id, "kms:ViaService": host}}
    used = Statement(
        "UseThroughServices", (*USE, "kms:CreateGrant"), principals={"AWS": "*"}, conditions=limits
    )
    return Key(
        scope.named("recovery-key"),
        description=f"{scope.name}: copies in {region}",
        enable_key_rotation=True,
        deletion_window_in_days=deletion_window(scope.deletion),
        policy=document(administration(account), used),
        region=region,
        tags=scope.labels("recovery-key"),
        opts=scope.options(keeps=True),
    )
