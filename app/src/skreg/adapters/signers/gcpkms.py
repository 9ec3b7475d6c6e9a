"""Cloud KMS: ``gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K/cryptoKeyVersions/N``.

Credentials are the workload's own. ``?endpoint=127.0.0.1:PORT`` reaches a stand-in on this
machine, without TLS and without credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import grpc  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.cloud import kms_v1
from google.cloud.kms_v1.services.key_management_service.transports import (
    KeyManagementServiceGrpcTransport,
)

from skreg.adapters.loopback import require_loopback
from skreg.adapters.signers.crc32c import crc32c
from skreg.adapters.signers.p256 import load_p256
from skreg.errors import (
    ConfigurationInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyMissing,
    KeyNotInHsm,
    SignatureCorrupted,
    SigningUnavailable,
)

_VERSION = re.compile(
    r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+/cryptoKeyVersions/\d+"
)
_ALGORITHM = kms_v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm.EC_SIGN_P256_SHA256
_TIMEOUT = 10.0
"""Seconds for one request; the caller retries."""


class GcpKmsSigner:
    """One crypto key version."""

    algorithm = "ecdsa-p256-sha256"

    def __init__(
        self,
        client: kms_v1.KeyManagementServiceClient,
        name: str,
        public: ec.EllipticCurvePublicKey,
        hsm: bool,
    ) -> None:
        self._client = client
        self._name = name
        self._public = public
        self.key_ref = f"gcpkms://{name}"
        self.in_hsm = hsm

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half, as KMS gave it when the key was opened."""
        return self._public

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; returns DER, checked by the CRC-32C of both directions."""
        request = kms_v1.AsymmetricSignRequest(
            name=self._name, digest={"sha256": digest}, digest_crc32c=crc32c(digest)
        )
        with _answering(self._name):
            answer = self._client.asymmetric_sign(request=request, retry=None, timeout=_TIMEOUT)
        self._require_intact(answer)
        return bytes(answer.signature)

    def _require_intact(self, answer: kms_v1.AsymmetricSignResponse) -> None:
        _require_same(self._name, answer.name)
        if self.in_hsm and not _is_hsm(answer.protection_level):
            raise KeyNotInHsm(
                "Cloud KMS signed outside its HSM.",
                why=f"{self._name} was opened as an HSM key.",
                fix="Check the key version's protection level.",
            )
        if not answer.verified_digest_crc32c:
            raise _changed(self._name, "Cloud KMS did not see the digest that was sent")
        if answer.signature_crc32c != crc32c(answer.signature):
            raise _changed(self._name, "the signature's CRC-32C is wrong")


def open_key(uri: str) -> GcpKmsSigner:
    """Open the key version that ``uri`` names.

    Raises:
        ConfigurationInvalid: the URI names no key version.
        KeyMissing, KeyDisabled, KeyMismatch, SignatureCorrupted, SigningUnavailable: from KMS.
    """
    parts = urlsplit(uri)
    name = parts.netloc + parts.path
    if not _VERSION.fullmatch(name):
        raise ConfigurationInvalid(
            "The key's URI names no Cloud KMS key version.",
            why=f"It is {uri!r}.",
            fix="Write it as gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K"
            "/cryptoKeyVersions/N.",
        )
    endpoint = parse_qs(parts.query).get("endpoint", [""])[0]
    with _answering(name):
        client = _client(endpoint)
        found = client.get_public_key(name=name, retry=None, timeout=_TIMEOUT)
    _require_same(name, found.name)
    if found.algorithm != _ALGORITHM:
        raise KeyMismatch(
            "The Cloud KMS key is of another kind.",
            why=f"{name} is {found.algorithm.name}, needed is EC_SIGN_P256_SHA256.",
            fix="Create the key with that algorithm and point the URI at it.",
        )
    pem = found.pem.encode()
    if found.pem_crc32c != crc32c(pem):
        raise _changed(name, "the public key's CRC-32C is wrong")
    return GcpKmsSigner(client, name, load_p256(pem, name), _is_hsm(found.protection_level))


def _client(endpoint: str) -> kms_v1.KeyManagementServiceClient:
    if not endpoint:
        return kms_v1.KeyManagementServiceClient()
    channel = grpc.insecure_channel(require_loopback(endpoint))
    return kms_v1.KeyManagementServiceClient(
        transport=KeyManagementServiceGrpcTransport(channel=channel)
    )


def _is_hsm(level: kms_v1.ProtectionLevel) -> bool:
    return level == kms_v1.ProtectionLevel.HSM


def _require_same(name: str, answered: str) -> None:
    if answered != name:
        raise KeyMismatch(
            "Cloud KMS answered for another key version.",
            why=f"{name} was asked for, {answered or 'an unnamed key'} answered.",
            fix="Check what stands between this process and KMS.",
        )


def _changed(name: str, cause: str) -> SignatureCorrupted:
    return SignatureCorrupted(
        "A Cloud KMS answer was changed on the way.",
        why=f"{name}: {cause}.",
        fix="Nothing was published. Try again; if it stays so, look at the network between.",
    )


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except (exceptions.NotFound, exceptions.PermissionDenied) as error:
        raise KeyMissing(
            "The Cloud KMS key version does not exist or may not be seen.",
            why=f"{name}: {error.message}",
            fix="Check the name and that this identity has the role cloudkms.signerVerifier on it.",
        ) from error
    except exceptions.FailedPrecondition as error:
        raise KeyDisabled(
            "The Cloud KMS key version may not sign now.",
            why=f"{name}: {error.message}",
            fix="Enable the version.",
        ) from error
    except exceptions.InvalidArgument as error:
        raise KeyMismatch(
            "The Cloud KMS key is of another kind.",
            why=f"{name}: {error.message}",
            fix="Point the URI at a version with the algorithm EC_SIGN_P256_SHA256.",
        ) from error
    except (exceptions.GoogleAPIError, GoogleAuthError) as error:
        raise SigningUnavailable(
            "Cloud KMS did not answer.",
            why=f"{name}: {error}",
            fix="It is tried again; check the route to KMS and this workload's identity.",
        ) from error
