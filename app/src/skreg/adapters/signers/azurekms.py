"""Azure Key Vault and Managed HSM: ``azurekms://VAULT.vault.azure.net/keys/NAME/VERSION``.

Credentials are the workload's own (managed identity, ``AZURE_CLIENT_ID``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.core.pipeline import PipelineResponse
from azure.identity import DefaultAzureCredential
from azure.keyvault.keys import KeyClient, KeyProperties, KeyType, KeyVaultKey
from azure.keyvault.keys.crypto import CryptographyClient, SignatureAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from skreg.adapters.loopback import is_loopback
from skreg.errors import (
    ConfigurationInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyMissing,
    SignatureCorrupted,
    SigningRefused,
    SigningUnavailable,
)

_OPTIONS: dict[str, int] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}
"""One attempt: the caller retries, and counts."""


class AzureKeySigner:
    """One version of one key; Key Vault answers r || s."""

    algorithm = "ecdsa-p256-sha256"

    def __init__(self, client: CryptographyClient, key: KeyVaultKey) -> None:
        self._client = client
        self._id = str(key.id)
        self._public = _public_key(key)
        self.key_ref = f"azurekms://{self._id.removeprefix('https://')}"
        self.in_hsm = key.key_type == KeyType.ec_hsm

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half, as the vault gave it when the key was opened."""
        return self._public

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; returns r || s, 64 bytes."""
        signed_by: list[str] = []

        def remember(response: PipelineResponse[object, object]) -> None:
            signed_by.append(_key_id(response))

        with _answering(self._id):
            answer = self._client.sign(SignatureAlgorithm.es256, digest, raw_response_hook=remember)
        if signed_by[-1:] != [self._id]:
            raise KeyMismatch(
                "Key Vault answered for another key version.",
                why=f"{self._id} was asked for, {signed_by[-1:]} answered.",
                fix="Check what stands between this process and the vault.",
            )
        return _intact(self._id, answer.signature)


def open_key(uri: str) -> AzureKeySigner:
    """Open the key version that ``uri`` names.

    Raises:
        ConfigurationInvalid: the URI names no key version.
        KeyMissing, KeyDisabled, KeyMismatch, SigningUnavailable: from the vault.
    """
    host, _, path = uri.removeprefix("azurekms://").partition("/")
    kind, _, rest = path.partition("/")
    name, _, version = rest.partition("/")
    if not host or kind != "keys" or not name or not version or "/" in version:
        raise ConfigurationInvalid(
            "The key's URI names no Key Vault key version.",
            why=f"It is {uri!r}.",
            fix="Write it as azurekms://VAULT.vault.azure.net/keys/NAME/VERSION.",
        )
    credential = DefaultAzureCredential()
    verify = not is_loopback(host)
    with _answering(path):
        vault = KeyClient(
            f"https://{host}", credential, verify_challenge_resource=verify, **_OPTIONS
        )
        key = vault.get_key(name, version)
    _require_usable(key, f"https://{host}/{path}")
    client = CryptographyClient(key, credential, verify_challenge_resource=verify, **_OPTIONS)
    return AzureKeySigner(client, key)


def _require_usable(key: KeyVaultKey, asked: str) -> None:
    curve = getattr(key.key, "crv", None)
    if str(key.id) != asked or curve != "P-256" or "sign" not in key.key_operations:
        raise KeyMismatch(
            "The Key Vault key is of another kind or version.",
            why=f"{asked} was asked for; {key.id} is {key.key_type} {curve} "
            f"for {', '.join(key.key_operations)}.",
            fix="Create an EC-HSM key on P-256 that may sign and point the URI at its version.",
        )
    if not _is_open(key.properties, datetime.now(UTC)):
        raise KeyDisabled(
            "The Key Vault key may not sign now.",
            why=f"{key.id} is disabled, expired or not yet valid.",
            fix="Enable the version, or extend its dates.",
        )


def _is_open(facts: KeyProperties, now: datetime) -> bool:
    begun = facts.not_before is None or facts.not_before <= now
    lasting = facts.expires_on is None or now < facts.expires_on
    return facts.enabled is not False and begun and lasting


def _public_key(key: KeyVaultKey) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(getattr(key.key, part), "big") for part in ("x", "y"))
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise KeyMismatch(
            "The Key Vault key is not a point on P-256.",
            why=f"{key.id}: {error}",
            fix="Check what stands between this process and the vault.",
        ) from error


def _key_id(response: PipelineResponse[object, object]) -> str:
    """Return the key that an answer says it is by; the client library drops that."""
    answer = response.http_response
    body = answer.json() if getattr(answer, "status_code", 0) == 200 else {}  # type: ignore[attr-defined]
    return str(body.get("kid", ""))


def _intact(name: str, signature: bytes) -> bytes:
    if len(signature) != 64:
        raise SignatureCorrupted(
            "Key Vault did not answer with an ES256 signature.",
            why=f"{name}: {len(signature)} bytes instead of 64.",
            fix="Nothing was published. Check what stands between this process and the vault.",
        )
    return signature


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except ResourceNotFoundError as error:
        raise KeyMissing(
            "The Key Vault key version does not exist.",
            why=f"{name}: {error.message}",
            fix="Check the vault's host, the key's name and its version.",
        ) from error
    except ClientAuthenticationError as error:
        raise SigningUnavailable(
            "This workload has no identity that Key Vault accepts.",
            why=f"{name}: {error.message}",
            fix="Check the managed identity and AZURE_CLIENT_ID.",
        ) from error
    except HttpResponseError as error:
        raise _refusal(name, error) from error
    except AzureError as error:
        raise SigningUnavailable(
            "Key Vault did not answer.",
            why=f"{name}: {error.message}",
            fix="It is tried again; check the route to the vault.",
        ) from error


def _refusal(name: str, error: HttpResponseError) -> SigningRefused | SigningUnavailable:
    why = f"{name}: {error.status_code} {error.message}"
    if error.status_code == 403 and "KeyDisabled" in error.message:
        return KeyDisabled("The Key Vault key may not sign now.", why=why, fix="Enable it.")
    if error.status_code == 403:
        return KeyMissing(
            "The Key Vault key may not be used.",
            why=why,
            fix="Give this identity the role Key Vault Crypto User on the key.",
        )
    if error.status_code == 400:
        return KeyMismatch("The Key Vault key is of another kind.", why=why, fix="Check the URI.")
    return SigningUnavailable("Key Vault did not sign now.", why=why, fix="It is tried again.")
