"""What only one cloud has: aliases, checksums, its own names for errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec

from skreg.adapters.signers import awskms, azurekms, open_signer
from skreg.adapters.signers.crc32c import crc32c
from skreg.adapters.signers.p256 import load_p256
from skreg.errors import (
    KeyDisabled,
    KeyMismatch,
    KeyMissing,
    KeyNotInHsm,
    SignatureCorrupted,
    SigningUnavailable,
    SkregError,
)
from support.keyvault import KeyVault, error, key_vault
from support.signer_backends import Backend

only = pytest.mark.parametrize


@only("backend", ["awskms"], indirect=True)
def test_an_alias_is_pinned_to_its_key(backend: Backend) -> None:
    arn = backend.good.removeprefix("awskms:///")
    alias = arn.rpartition(":")[0] + ":alias/skreg"
    signer = open_signer(f"awskms:///{alias}", hsm_backend="hsm", environment="prod")
    assert signer.key_ref == backend.good


@only("backend", ["awskms"], indirect=True)
def test_a_key_waiting_for_deletion_is_disabled(backend: Backend) -> None:
    kms = boto3.client("kms")
    facts = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=facts["KeyId"])
    with pytest.raises(KeyDisabled, match="PendingDeletion"):
        awskms.open_key(f"awskms:///{facts['Arn']}")


@only("backend", ["awskms"], indirect=True)
def test_kms_out_of_reach_is_unavailable(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(SigningUnavailable, match="cannot be reached"):
        awskms.open_key(backend.good)


@only(
    ("code", "expected"),
    [
        ("AccessDeniedException", KeyMissing),
        ("DisabledException", KeyDisabled),
        ("KMSInvalidStateException", KeyDisabled),
        ("InvalidKeyUsageException", KeyMismatch),
        ("ThrottlingException", SigningUnavailable),
        ("KMSInternalException", SigningUnavailable),
    ],
)
def test_each_kms_error_has_its_own_meaning(code: str, expected: type[SkregError]) -> None:
    class Refusing:
        def sign(self, **request: object) -> object:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Sign")

    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(expected, match=code):
        awskms.AwsKmsSigner(Refusing(), "arn", key, True).sign_digest(bytes(32))  # type: ignore[arg-type]


@only("backend", ["gcpkms"], indirect=True)
@only("fault", ["lost_digest", "wrong_checksum"])
def test_a_wrong_checksum_is_a_corrupted_signature(backend: Backend, fault: str) -> None:
    signer = open_signer(backend.good, hsm_backend="hsm", environment="prod")
    setattr(backend.faults, fault, True)
    with pytest.raises(SignatureCorrupted):
        signer.sign_digest(bytes(32))


@only("backend", ["gcpkms"], indirect=True)
def test_a_public_key_with_a_wrong_checksum_is_refused(backend: Backend) -> None:
    assert backend.faults
    backend.faults.wrong_checksum = True
    with pytest.raises(SignatureCorrupted):
        open_signer(backend.good, hsm_backend="hsm", environment="prod")


@only("backend", ["gcpkms"], indirect=True)
def test_a_signature_made_outside_the_hsm_is_refused(backend: Backend) -> None:
    assert backend.faults
    signer = open_signer(backend.good, hsm_backend="hsm", environment="prod")
    backend.faults.software = True
    with pytest.raises(KeyNotInHsm):
        signer.sign_digest(bytes(32))


def test_crc32c_has_the_published_check_value() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"") == 0


def test_a_public_key_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(KeyMismatch):
        load_p256(b"-----BEGIN nothing", "key")


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyVault]:
    """A vault of the test's own."""
    with key_vault(tmp_path) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@only(
    ("status", "expected"),
    [(400, KeyMismatch), (403, KeyMissing), (429, SigningUnavailable), (500, SigningUnavailable)],
)
def test_each_vault_error_has_its_own_meaning(
    vault: KeyVault, status: int, expected: type[SkregError]
) -> None:
    vault.status = error(status, "Some", "thing")
    with pytest.raises(expected, match=str(status)):
        azurekms.open_key(vault.create("log"))


def test_a_key_past_its_date_is_disabled(vault: KeyVault) -> None:
    with pytest.raises(KeyDisabled, match="expired"):
        azurekms.open_key(vault.create("log", expires=1_000_000_000))
    assert azurekms.open_key(vault.create("log", expires=4_000_000_000))


def test_a_key_that_may_not_sign_is_refused(vault: KeyVault) -> None:
    with pytest.raises(KeyMismatch, match="verify"):
        azurekms.open_key(vault.create("log", operations=("verify",)))


def test_a_point_that_is_not_on_the_curve_is_refused(vault: KeyVault) -> None:
    uri = vault.create("log", curve="P-384")
    vault.key_of(uri).curve = "P-256"
    with pytest.raises(KeyMismatch, match="point"):
        azurekms.open_key(uri)


def test_a_workload_without_identity_is_unavailable(
    vault: KeyVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    with pytest.raises(SigningUnavailable, match="no identity"):
        azurekms.open_key(vault.create("log"))
