"""AWS KMS: ``awskms:///arn:aws:kms:REGION:ACCOUNT:key/ID``.

Credentials, and the endpoint of another server, come from the environment variables of AWS's own
clients (the task's role, ``AWS_ENDPOINT_URL_KMS``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypedDict
from urllib.parse import unquote

import boto3  # type: ignore[import-untyped]  # boto3 makes its clients at run time
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec

from skreg.adapters.signers.p256 import load_p256
from skreg.errors import (
    ConfigurationInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyMissing,
    SigningRefused,
    SigningUnavailable,
)

_ARN = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(key|alias)/[A-Za-z0-9/_-]+", re.ASCII)
_MADE_IN_HSM = ("AWS_KMS", "AWS_CLOUDHSM")
"""Origins of keys that KMS made in its own HSMs; an imported key existed elsewhere before."""
_MISSING = ("NotFoundException", "AccessDeniedException", "InvalidArnException")
_DISABLED = ("DisabledException", "KMSInvalidStateException")
_OTHER_KIND = ("InvalidKeyUsageException", "UnsupportedOperationException", "ValidationException")
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 1})
"""One attempt: the caller retries, and counts."""


class _Facts(TypedDict):
    Arn: str
    KeyState: str
    KeyUsage: str
    KeySpec: str
    Origin: str


class _Described(TypedDict):
    KeyMetadata: _Facts


class _PublicHalf(TypedDict):
    KeyId: str
    PublicKey: bytes


class _Signed(TypedDict):
    KeyId: str
    Signature: bytes


class _Kms(Protocol):
    """What is used of boto3's KMS client, with the names of the service's own API."""

    def describe_key(self, *, KeyId: str) -> _Described: ...  # noqa: N803
    def get_public_key(self, *, KeyId: str) -> _PublicHalf: ...  # noqa: N803
    def sign(
        self,
        *,
        KeyId: str,  # noqa: N803
        Message: bytes,  # noqa: N803
        MessageType: str,  # noqa: N803
        SigningAlgorithm: str,  # noqa: N803
    ) -> _Signed: ...


class AwsKmsSigner:
    """One asymmetric key; KMS never replaces its material, so its ARN pins the version."""

    algorithm = "ecdsa-p256-sha256"

    def __init__(
        self, client: _Kms, arn: str, public: ec.EllipticCurvePublicKey, hsm: bool
    ) -> None:
        self._client = client
        self._arn = arn
        self._public = public
        self.key_ref = f"awskms:///{arn}"
        self.in_hsm = hsm

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half, as KMS gave it when the key was opened."""
        return self._public

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; returns DER."""
        with _answering(self._arn):
            answer = self._client.sign(
                KeyId=self._arn,
                Message=digest,
                MessageType="DIGEST",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        _require_same(self._arn, answer["KeyId"])
        return answer["Signature"]


def open_key(uri: str) -> AwsKmsSigner:
    """Open the key that ``uri`` names; an alias is resolved to its key's ARN once.

    Raises:
        ConfigurationInvalid: the URI carries no key ARN.
        KeyMissing, KeyDisabled, KeyMismatch, SigningUnavailable: from KMS.
    """
    name = unquote(uri.partition(":///")[2])
    found = _ARN.fullmatch(name)
    if found is None:
        raise ConfigurationInvalid(
            "The key's URI carries no AWS KMS ARN.",
            why=f"It is {uri!r}.",
            fix="Write it as awskms:///arn:aws:kms:REGION:ACCOUNT:key/ID.",
        )
    with _answering(name):
        client: _Kms = boto3.client("kms", region_name=found[1], config=_CONFIG)
        facts = client.describe_key(KeyId=name)["KeyMetadata"]
        _require_usable(name, facts)
        public = client.get_public_key(KeyId=facts["Arn"])
    _require_same(facts["Arn"], public["KeyId"])
    key = load_p256(public["PublicKey"], name)
    return AwsKmsSigner(client, facts["Arn"], key, facts["Origin"] in _MADE_IN_HSM)


def _require_usable(name: str, facts: _Facts) -> None:
    usage, spec, state = facts["KeyUsage"], facts["KeySpec"], facts["KeyState"]
    if usage != "SIGN_VERIFY" or spec != "ECC_NIST_P256":
        raise KeyMismatch(
            "The KMS key is of another kind.",
            why=f"{name} is {spec} for {usage}, needed is ECC_NIST_P256 for SIGN_VERIFY.",
            fix="Create the key with that specification and point the URI at it.",
        )
    if state != "Enabled":
        raise KeyDisabled(
            "The KMS key may not sign now.",
            why=f"{name} is in state {state}.",
            fix="Enable it, or cancel its deletion.",
        )


def _require_same(arn: str, answered: str) -> None:
    if answered != arn:
        raise KeyMismatch(
            "AWS KMS answered for another key.",
            why=f"{arn} was asked for, {answered} answered.",
            fix="Check what stands between this process and KMS.",
        )


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _refusal(name, error) from error
    except BotoCoreError as error:
        raise SigningUnavailable(
            "AWS KMS cannot be reached.",
            why=f"{name}: {error}",
            fix="Check the route to KMS, the region and this process's role.",
        ) from error


def _refusal(name: str, error: ClientError) -> SigningRefused | SigningUnavailable:
    code = str(error.response.get("Error", {}).get("Code", ""))
    why = f"{name}: {code}."
    if code in _MISSING:
        fix = "Check the ARN and that this role may use kms:Sign on it."
        return KeyMissing("The KMS key does not exist or may not be seen.", why=why, fix=fix)
    if code in _DISABLED:
        return KeyDisabled("The KMS key may not sign now.", why=why, fix="Enable the key.")
    if code in _OTHER_KIND:
        return KeyMismatch("The KMS key is of another kind.", why=why, fix="Check the ARN.")
    return SigningUnavailable("AWS KMS did not sign now.", why=why, fix="It is tried again.")
