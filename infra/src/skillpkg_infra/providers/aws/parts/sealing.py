"""What seals session keys and webhooks' secrets in the database: its readers have neither."""

from __future__ import annotations

from pulumi_aws.kms import Key
from pulumi_random.random_password import RandomPassword

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.data_keys import data_key
from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.providers.aws.parts.secrets import secret, value
from skillpkg_infra.providers.aws.parts.text import once
from skillpkg_infra.rights import Identity
from skillpkg_infra.scope import Scope


def sealing_secrets(scope: Scope, account: Account) -> dict[Identity, dict[str, Text]]:
    """Make the sealing keys; returns variable -> ARN of the secret that holds it, by role."""
    key = data_key(scope, "sealing-key", account, services=("secretsmanager",))
    hooks = {"WEBHOOK_SEALING_KEY": _sealing(scope, key, "webhook-sealing", "webhooks' secrets")}
    sessions = {"SESSION_SEALING_KEY": _sealing(scope, key, "session-sealing", "session keys")}
    return {Identity.API: hooks | sessions, Identity.WORKER: hooks}


def _sealing(scope: Scope, key: Key, part: str, what: str) -> Text:
    password = RandomPassword(
        scope.named(f"{part}-key"), length=48, special=False, opts=scope.options(keeps=True)
    )
    holder = secret(scope, part, key, f"{scope.name}: seals {what} in the database", keeps=True)
    held = value(scope, f"{part}-value", holder, password.result)
    # A container that starts before the secret has a value does not start.
    return once(holder.arn, held)
