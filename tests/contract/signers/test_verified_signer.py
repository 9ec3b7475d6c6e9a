"""The wrapper that every signature passes through."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from skreg.adapters.signers.file import create_key_file, open_key
from skreg.errors import (
    SignatureCorrupted,
    SigningRefused,
)
from skreg.signing import CertificateKey, SignatureRecord, VerifiedSigner, to_der


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
