"""Secret stores, one file a scheme, chosen by a secret's URI and imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from skreg.errors import ConfigurationInvalid
from skreg.ports.secrets import SecretStore

SECRET_STORES: dict[str, str] = {
    "awssm": "skreg.adapters.secrets.awssm:open_store",
    "azurekv": "skreg.adapters.secrets.azurekv:open_store",
    "env": "skreg.adapters.secrets.env:open_store",
    "file": "skreg.adapters.secrets.file:open_store",
    "gcpsm": "skreg.adapters.secrets.gcpsm:open_store",
}
"""URI scheme -> ``module:function``; the function takes the store's URI and returns the store."""


def open_secret_store(uri: str) -> SecretStore:
    """Open the store that ``uri`` names, for example ``awssm://eu-west-1``; sends no request.

    Raises:
        ConfigurationInvalid: an unknown scheme, or a URI its backend cannot read.
    """
    scheme = uri.partition(":")[0]
    if scheme not in SECRET_STORES:
        raise ConfigurationInvalid(
            "The secret's URI names no secret store.",
            why=f"Its scheme is {scheme!r}.",
            fix=f"Use one of: {', '.join(sorted(SECRET_STORES))}.",
        )
    module, _, function = SECRET_STORES[scheme].partition(":")
    return cast("SecretStore", getattr(import_module(module), function)(uri))


def open_secret(uri: str) -> tuple[SecretStore, str]:
    """Return the store and the name of one secret, for example ``gcpsm://project/pki``.

    The name is the last segment of the path; AWS names may hold slashes, so there it is all
    of the path: ``awssm://eu-west-1/prod/pki``.

    Raises:
        ConfigurationInvalid: an unknown scheme, or no name.
    """
    place, mark, options = uri.partition("?")
    scheme, _, rest = place.partition("://")
    cut = rest.partition("/") if scheme == "awssm" else rest.rpartition("/")
    if not cut[2]:
        raise ConfigurationInvalid(
            "The URI names no secret.",
            why=f"It is {uri!r}.",
            fix="Add the secret's name to its path.",
        )
    return open_secret_store(f"{scheme}://{cut[0]}{mark}{options}"), cut[2]
