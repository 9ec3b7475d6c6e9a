"""What only one backend has: aliases, checksums, PINs, files that others may read."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from support.signer_backends import Backend
from support.softhsm import SoftHsm, library

from skreg.adapters.signers import awskms, open_signer
from skreg.adapters.signers import pkcs11 as token_keys
from skreg.adapters.signers.crc32c import crc32c
from skreg.adapters.signers.file import create_key_file, open_key
from skreg.adapters.signers.p256 import load_p256
from skreg.adapters.signers.pkcs11_uri import read_pin, read_uri
from skreg.errors import (
    ConfigurationInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyMissing,
    KeyNotInHsm,
    SignatureCorrupted,
    SigningRefused,
    SigningUnavailable,
    SkregError,
)
from skreg.signing import CertificateKey, SignatureRecord, VerifiedSigner, to_der

only = pytest.mark.parametrize


def test_an_unknown_scheme_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationInvalid, match="awskms, azurekms, file, gcpkms, pkcs11"):
        open_signer("vault:key", hsm_backend="software", environment="dev")


def test_an_unknown_hsm_backend_is_refused() -> None:
    with pytest.raises(ConfigurationInvalid, match="HSM_BACKEND"):
        open_signer("file:///key.pem", hsm_backend="none", environment="dev")


# --- files -------------------------------------------------------------------------------------


def test_a_new_key_file_is_private_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.pem"
    create_key_file(path)
    first = path.read_bytes()
    create_key_file(path)
    assert path.read_bytes() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["log.pem"]


def test_of_two_that_create_a_key_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "log.pem"

    def create(_: int) -> str:
        create_key_file(path)
        return open_key(path.as_uri()).key_ref

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(16)))) == 1


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.pem"
    create_key_file(path)
    path.chmod(0o640)
    with pytest.raises(ConfigurationInvalid, match="chmod 600"):
        open_key(path.as_uri())


def test_a_sealed_key_file_opens_with_its_passphrase(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "root.pem"
    create_key_file(path, passphrase=b"correct horse")
    assert b"ENCRYPTED" in path.read_bytes()
    uri = f"{path.as_uri()}?passphrase_env=ROOT_PASSPHRASE"
    with pytest.raises(ConfigurationInvalid, match="ROOT_PASSPHRASE"):
        open_key(uri)
    monkeypatch.setenv("ROOT_PASSPHRASE", "wrong")
    with pytest.raises(ConfigurationInvalid, match="cannot be opened"):
        open_key(uri)
    monkeypatch.setenv("ROOT_PASSPHRASE", "correct horse")
    assert VerifiedSigner(open_key(uri)).sign(b"data", "crl")
    with pytest.raises(ConfigurationInvalid, match="cannot be opened"):
        open_key(path.as_uri())


def test_an_rsa_key_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rsa.pem"
    path.touch(mode=0o600)
    path.write_bytes(
        rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(KeyMismatch, match="P-256"):
        open_key(path.as_uri())


# --- AWS KMS -----------------------------------------------------------------------------------


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
def test_kms_out_of_reach_is_unavailable(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
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


# --- Cloud KMS ---------------------------------------------------------------------------------


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


# --- PKCS#11 -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def make_key(tmp_path_factory: pytest.TempPathFactory, started: Callable[[str], Backend]) -> object:
    """Make more keys in the token of the suite."""
    found = started("pkcs11")
    if found.absent:
        pytest.skip(found.absent)
    hsm = SoftHsm.__new__(SoftHsm)
    module = library()
    assert module
    hsm.module = module
    hsm.pin_file = Path(found.good.rpartition("pin-source=file:")[2])
    hsm.environment = found.environment
    return hsm.create


@only("backend", ["pkcs11"], indirect=True)
def test_a_key_that_its_token_gives_out_is_refused(
    backend: Backend, make_key: Callable[..., str]
) -> None:
    with pytest.raises(KeyNotInHsm, match="extractable"):
        token_keys.open_key(make_key("loose", "10", "extractable"))


@only("backend", ["pkcs11"], indirect=True)
def test_a_label_that_two_keys_bear_needs_the_id(
    backend: Backend, make_key: Callable[..., str]
) -> None:
    uri = make_key("twin", "11")
    make_key("twin", "12")
    with pytest.raises(KeyMismatch, match="2 private keys"):
        token_keys.open_key(uri)
    signer = token_keys.open_key(uri.replace("object=twin", "object=twin;id=%12"))
    assert VerifiedSigner(signer).sign(b"data", "crl")


@only("backend", ["pkcs11"], indirect=True)
def test_a_key_without_its_public_half_is_refused(
    backend: Backend, make_key: Callable[..., str]
) -> None:
    with pytest.raises(KeyMissing, match="public half"):
        token_keys.open_key(make_key("half", "13", "no-public"))


@only("backend", ["pkcs11"], indirect=True)
def test_an_unknown_token_is_missing(backend: Backend) -> None:
    with pytest.raises(KeyMissing, match="no such token"):
        token_keys.open_key(backend.good.replace("token=skreg", "token=other"))


@only("backend", ["pkcs11"], indirect=True)
def test_a_library_that_is_not_there_is_unavailable(backend: Backend) -> None:
    uri = "pkcs11:token=skreg;object=log?module-path=/none.so&pin-source=env:PATH"
    with pytest.raises(SigningUnavailable):
        token_keys.open_key(uri)


@only("backend", ["pkcs11"], indirect=True)
def test_a_wrong_pin_is_a_configuration_error(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = token_keys.open_key(backend.good)
    for session in list(token_keys._SESSIONS.values()):
        session.close()
    token_keys._SESSIONS.clear()
    monkeypatch.setenv("SKREG_TEST_PIN", "9999")
    place = backend.good.partition("&pin-source=")[0]
    with pytest.raises(ConfigurationInvalid, match="refused the PIN"):
        token_keys.open_key(f"{place}&pin-source=env:SKREG_TEST_PIN")
    with pytest.raises(SigningUnavailable):
        signer.sign_digest(bytes(32))
    assert VerifiedSigner(signer).sign(b"data", "crl"), "the next use logs in again"


@only("backend", ["pkcs11"], indirect=True)
def test_a_second_login_in_one_process_is_no_error(backend: Backend) -> None:
    token_keys.open_key(backend.good)
    token_keys._SESSIONS.clear()
    assert VerifiedSigner(token_keys.open_key(backend.good)).sign(b"data", "crl")


def test_a_uri_is_read_with_its_escapes() -> None:
    found = read_uri(
        "pkcs11:serial=%00ab;id=%01%ff;type=private?module-path=/a%20b.so&pin-source=env:PIN"
    )
    assert (found.serial, found.key_id, found.module) == (b"\x00ab", b"\x01\xff", "/a b.so")


@only("source", ["env:SKREG_NO_SUCH_PIN", "file:/none", "exec:cat", ""])
def test_a_pin_that_is_not_there_is_a_configuration_error(source: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        read_pin(source)


@given(st.text(alphabet="pkcs1:;=?&tokenidbjec%0aserial", max_size=60))
def test_any_text_is_a_uri_or_a_configuration_error(text: str) -> None:
    try:
        found = read_uri(f"pkcs11:{text}")
    except ConfigurationInvalid:
        return
    assert found.module
    assert found.pin_source


# --- the wrapper -------------------------------------------------------------------------------


@given(st.binary(max_size=80))
def test_any_bytes_become_strict_der_or_are_refused(data: bytes) -> None:
    try:
        der = to_der(data, "key")
    except SignatureCorrupted:
        assert len(data) != 64
        return
    assert der[0] == 0x30
    assert to_der(der, "key") == der


def test_a_failed_signature_is_audited_too(tmp_path: Path) -> None:
    class Broken:
        key_ref = "broken"
        algorithm = "ecdsa-p256-sha256"
        in_hsm = False

        def public_key(self) -> ec.EllipticCurvePublicKey:
            return ec.generate_private_key(ec.SECP256R1()).public_key()

        def sign_digest(self, digest: bytes) -> bytes:
            raise SigningRefused("no")

    records: list[SignatureRecord] = []
    signer = VerifiedSigner(Broken(), audit=records.append)
    with pytest.raises(SigningRefused):
        signer.sign(b"data", "crl")
    assert [one.outcome for one in records] == ["SigningRefused"]
    assert signer.counts() == {}


def test_no_signature_leaves_when_it_cannot_be_audited(tmp_path: Path) -> None:
    def full(record: SignatureRecord) -> None:
        raise OSError("disk full")

    create_key_file(tmp_path / "key.pem")
    signer = VerifiedSigner(open_key((tmp_path / "key.pem").as_uri()), audit=full)
    with pytest.raises(OSError, match="disk full"):
        signer.sign(b"data", "crl")
    assert signer.counts() == {}


def test_a_certificate_key_only_signs_sha256(tmp_path: Path) -> None:
    create_key_file(tmp_path / "key.pem")
    signer = VerifiedSigner(open_key((tmp_path / "key.pem").as_uri()))
    key = CertificateKey(signer, "crl")
    assert key.__copy__() is key
    assert key.__deepcopy__({}) is key
    assert (key.key_size, key.curve.name) == (256, "secp256r1")
    with pytest.raises(UnsupportedAlgorithm, match="SHA-256 alone"):
        key.sign(b"data", ec.ECDSA(hashes.SHA512()))
    with pytest.raises(UnsupportedAlgorithm):
        key.private_numbers()
    with pytest.raises(UnsupportedAlgorithm):
        key.exchange(ec.ECDH(), key.public_key())
    with pytest.raises(UnsupportedAlgorithm):
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
