"""Valkey for the counters that several api replicas share; serverless, TLS, one user."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_aws.elasticache import ServerlessCache, User, UserGroup
from pulumi_aws.elasticache import _inputs as inputs
from pulumi_random.random_password import RandomPassword

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.providers.aws.parts.data_keys import data_key
from skillpkg_infra.providers.aws.parts.naming import physical
from skillpkg_infra.providers.aws.parts.policies import Text
from skillpkg_infra.providers.aws.parts.secrets import secret, value
from skillpkg_infra.providers.aws.parts.security_groups import let_in, let_out, security_group
from skillpkg_infra.providers.aws.parts.text import joined, listed, once
from skillpkg_infra.scope import Scope

PORT = 6379
LARGEST_GB = 1
"""Counters expire; more than this means that something else is wrong."""


def cache(
    scope: Scope, account: Account, vpc_id: Text, subnet_ids: Sequence[Text], api_group: Text
) -> Text:
    """Make the cache; returns the ARN of the secret that holds its URL with the password in it."""
    key = data_key(scope, "cache-key", account, services=("elasticache", "secretsmanager"))
    group = security_group(scope, "cache-access", vpc_id, f"{scope.name}: Valkey")
    let_in(scope, "cache-from-api", group.id, PORT, "Valkey from the api", source=api_group)
    let_out(scope, "api-to-cache", api_group, PORT, "Valkey", target=group.id)
    password = RandomPassword(
        scope.named("cache-password"), length=48, special=False, opts=scope.options()
    )
    made = ServerlessCache(
        scope.named("cache"),
        name=physical(scope.named("cache"), 40),
        description=f"{scope.name}: rate limits",
        engine="valkey",
        major_engine_version="8",
        kms_key_id=key.arn,
        subnet_ids=listed(subnet_ids),
        security_group_ids=[group.id],
        user_group_id=_users(scope, password.result),
        cache_usage_limits=inputs.ServerlessCacheCacheUsageLimitsArgs(
            data_storage=inputs.ServerlessCacheCacheUsageLimitsDataStorageArgs(
                unit="GB", maximum=LARGEST_GB
            )
        ),
        tags=scope.labels("cache"),
        opts=scope.options(),
    )
    holder = secret(scope, "cache-url", key, f"{scope.name}: where the cache is")
    held = value(scope, "cache-url-value", holder, _url(made, password.result))
    # A container that starts before the secret has a value does not start.
    return once(holder.arn, held)


def _users(scope: Scope, password: pulumi.Output[str]) -> pulumi.Output[str]:
    user = User(
        scope.named("cache-user"),
        user_id=physical(scope.named("cache-user"), 40),
        user_name="skreg",
        engine="valkey",
        access_string="on ~* +@all -@admin -@dangerous",
        authentication_mode=inputs.UserAuthenticationModeArgs(
            type="password", passwords=[pulumi.Output.secret(password)]
        ),
        tags=scope.labels("cache-user"),
        opts=scope.options(),
    )
    return UserGroup(
        scope.named("cache-users"),
        user_group_id=physical(scope.named("cache-users"), 40),
        engine="valkey",
        user_ids=[user.user_id],
        tags=scope.labels("cache-users"),
        opts=scope.options(),
    ).user_group_id


def _url(made: ServerlessCache, password: pulumi.Output[str]) -> pulumi.Output[str]:
    host = made.endpoints.apply(lambda found: found[0].address if found else "")
    return pulumi.Output.secret(joined("rediss://skreg:", password, "@", host, f":{PORT}/0"))
