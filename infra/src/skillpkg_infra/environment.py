"""What each container finds in its environment: the one contract between stack and registry.

A test builds the registry's own settings from what a rehearsed stack resolves here.
"""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from skillpkg_infra.components.database import DatabaseOutputs
from skillpkg_infra.components.pki import PkiOutputs
from skillpkg_infra.components.storage import StorageOutputs
from skillpkg_infra.config import StackConfig

Environment = dict[str, pulumi.Input[str]]


def shared(config: StackConfig, database: DatabaseOutputs, storage: StorageOutputs) -> Environment:
    """Return what the api and the worker both read; no password is in it."""
    values: Environment = {
        "ENVIRONMENT": str(config.environment),
        "DATABASE_URL": database.url,
        "DATABASE_PASSWORD_SECRET": database.secret_uri,
        "STORAGE_URL": storage.storage_url,
        "STAGING_URL": storage.staging_url,
    }
    if storage.cdn_base_url is not None:
        values["CDN_BASE_URL"] = storage.cdn_base_url
    return values


def for_api(config: StackConfig, base: Mapping[str, pulumi.Input[str]]) -> Environment:
    """Return the api's environment; compute adds its own URL, proxies and cache."""
    values: Environment = {
        **base,
        "LISTEN_HOST": "0.0.0.0",  # noqa: S104  # its own network; the balancer alone gets in
        "LISTEN_PORT": "8080",
        "VISIBILITY": str(config.visibility),
    }
    if config.oidc_issuer and config.oidc_client_id:
        values["OIDC_ISSUER"] = config.oidc_issuer
        values["OIDC_CLIENT_ID"] = config.oidc_client_id
    return values


def for_worker(
    base: Mapping[str, pulumi.Input[str]], storage: StorageOutputs, pki: PkiOutputs
) -> Environment:
    """Return the worker's environment; compute adds the api's URL."""
    values: Environment = {
        **base,
        **pki.key_uris,
        "HSM_BACKEND": str(pki.hsm_backend),
        "ROOT_MODE": str(pki.root_mode),
        "PKI_SECRET": pki.secret_uri,
    }
    if pki.former_key_uris:
        values["FORMER_KEY_URIS"] = pulumi.Output.all(*pki.former_key_uris).apply(" ".join)
    if storage.redirect_hosts is not None:
        values["REDIRECT_HOSTS"] = storage.redirect_hosts
    if storage.invalidation_uri is not None:
        values["CDN_URI"] = storage.invalidation_uri
    return values
