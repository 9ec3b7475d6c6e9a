"""Azure Key Vault secrets: ``azurekv://VAULT.vault.azure.net``.

Credentials are the workload's own (managed identity, ``AZURE_CLIENT_ID``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient

from skreg.adapters.loopback import is_loopback
from skreg.errors import ConfigurationInvalid, Missing, Unavailable

_OPTIONS: dict[str, int] = {"retry_total": 2, "connection_timeout": 5, "read_timeout": 10}


class AzureSecrets:
    """The secrets of one vault; a secret holds UTF-8 text of at most 25 KB."""

    def __init__(self, client: SecretClient) -> None:
        self._client = client

    def read(self, name: str) -> bytes:
        """Return the latest version's value."""
        with _answering(name):
            return (self._client.get_secret(name).value or "").encode()

    def write(self, name: str, value: bytes) -> None:
        """Add a version to the secret; ``value`` is UTF-8 text."""
        with _answering(name):
            self._client.set_secret(name, value.decode())


def open_store(uri: str) -> AzureSecrets:
    """Open the vault that ``uri`` names.

    Raises:
        ConfigurationInvalid: the URI names no vault.
    """
    host = uri.removeprefix("azurekv://").strip("/")
    if not host or "/" in host:
        raise ConfigurationInvalid(
            "The secrets' URI names no Key Vault.",
            why=f"It is {uri!r}.",
            fix="Write it as azurekv://VAULT.vault.azure.net/name.",
        )
    client = SecretClient(
        f"https://{host}",
        DefaultAzureCredential(),
        verify_challenge_resource=not is_loopback(host),
        **_OPTIONS,
    )
    return AzureSecrets(client)


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except ResourceNotFoundError as error:
        raise _missing(name, error.message) from error
    except ClientAuthenticationError as error:
        raise _unavailable(name, error.message) from error
    except HttpResponseError as error:
        if error.status_code == 403:
            raise _missing(name, error.message) from error
        raise _unavailable(name, error.message) from error
    except AzureError as error:
        raise _unavailable(name, error.message) from error


def _missing(name: str, cause: str) -> Missing:
    return Missing(
        "The secret does not exist or may not be used.",
        why=f"{name}: {cause}",
        fix="Check its name and that this identity may use the vault's secrets.",
    )


def _unavailable(name: str, cause: str) -> Unavailable:
    return Unavailable(
        "Key Vault did not answer.",
        why=f"{name}: {cause}",
        fix="Check the route to the vault and this workload's identity; then try again.",
    )
