"""What every signing backend does, shown on all of them through the same doors."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from skreg.adapters.signers import SIGNERS, open_signer
from skreg.errors import (
    ConfigurationInvalid,
    KeyDisabled,
    KeyMismatch,
    KeyMissing,
    KeyNotInHsm,
    SignatureCorrupted,
    SigningUnavailable,
)
from skreg.pki.profiles import root_certificate
from skreg.ports.signer import Signer
from skreg.signing import ATTEMPTS, SignatureRecord, VerifiedSigner
from support.openssl import accepts, openssl, verifies, write_pem
from support.signer_backends import BACKENDS, WITH_FAULTS, Backend

over_services = pytest.mark.parametrize("backend", WITH_FAULTS, indirect=True)


def opened(uri: str) -> Signer:
    return open_signer(uri, hsm_backend="software", environment="prod")


def verified(uri: str) -> VerifiedSigner:
    return VerifiedSigner(opened(uri), sleep=lambda seconds: None)


def test_every_backend_is_in_this_suite() -> None:
    assert set(BACKENDS) == set(SIGNERS)


def test_openssl_verifies_what_it_signs(backend: Backend, tmp_path: Path) -> None:
    signer = verified(backend.good)
    signature = signer.sign(b"an archive", "archive")
    assert verifies(tmp_path, signer.public_key(), signature, b"an archive")
    assert not verifies(tmp_path, signer.public_key(), signature, b"another archive")


def test_openssl_accepts_a_certificate_signed_with_it(backend: Backend, tmp_path: Path) -> None:
    certificate = root_certificate(verified(backend.good), "root", datetime.now(UTC))
    path = write_pem(tmp_path / "root.pem", certificate)
    assert accepts("verify", "-x509_strict", "-check_ss_sig", "-CAfile", path, path)
    assert "ecdsa-with-SHA256" in openssl("x509", "-in", path, "-noout", "-text")


def test_it_names_the_exact_key_it_pins(backend: Backend) -> None:
    signer = opened(backend.good)
    assert signer.key_ref.startswith(f"{backend.scheme}:")
    assert signer.key_ref == opened(backend.good).key_ref
    assert signer.algorithm == "ecdsa-p256-sha256"


def test_it_says_where_the_key_is_held(backend: Backend) -> None:
    assert opened(backend.good).in_hsm is backend.in_hsm
    assert opened(backend.software).in_hsm is False


def test_a_software_key_is_refused_when_an_hsm_was_asked_for(backend: Backend) -> None:
    with pytest.raises(KeyNotInHsm):
        open_signer(backend.software, hsm_backend="hsm", environment="dev")


def test_a_software_key_is_refused_in_production_unless_asked_for(backend: Backend) -> None:
    with pytest.raises(ConfigurationInvalid, match="HSM_BACKEND=software"):
        open_signer(backend.software, hsm_backend="", environment="prod")
    assert open_signer(backend.software, hsm_backend="", environment="dev")


@pytest.mark.parametrize("backend", ["awskms", "azurekms", "gcpkms"], indirect=True)
def test_a_key_in_an_hsm_is_accepted_as_such(backend: Backend) -> None:
    assert open_signer(backend.good, hsm_backend="hsm", environment="prod").in_hsm


def test_a_key_that_is_not_there_is_missing(backend: Backend) -> None:
    with pytest.raises(KeyMissing):
        opened(backend.missing)


def test_a_key_on_another_curve_is_refused(backend: Backend) -> None:
    with pytest.raises(KeyMismatch):
        opened(backend.other_kind)


def test_a_uri_that_names_nothing_is_a_configuration_error(backend: Backend) -> None:
    for uri in backend.malformed:
        with pytest.raises(ConfigurationInvalid):
            opened(uri)


def test_another_key_than_the_pinned_one_is_refused(backend: Backend) -> None:
    pinned = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(KeyMismatch, match="pinned is"):
        VerifiedSigner(opened(backend.good), pinned=pinned)


@pytest.mark.parametrize("backend", sorted(set(BACKENDS) - {"file"}), indirect=True)
def test_a_disabled_key_is_refused_when_it_is_opened(backend: Backend) -> None:
    assert backend.disabled
    with pytest.raises(KeyDisabled):
        opened(backend.disabled)


@over_services
def test_a_key_disabled_later_stops_signing(backend: Backend) -> None:
    signer = verified(backend.good)
    assert backend.disable
    backend.disable(True)
    try:
        with pytest.raises(KeyDisabled):
            signer.sign(b"data", "archive")
    finally:
        backend.disable(False)
    assert signer.sign(b"data", "archive")


@over_services
def test_throttling_is_waited_out(backend: Backend) -> None:
    assert backend.faults
    pauses: list[float] = []
    signer = VerifiedSigner(opened(backend.good), sleep=pauses.append)
    backend.faults.throttle = 2
    assert signer.sign(b"data", "archive")
    assert len(backend.faults.requests) == 3
    assert len(pauses) == 2
    assert 0.1 <= pauses[0] <= 0.2 <= pauses[1] <= 0.4


@over_services
def test_throttling_without_end_is_unavailable(backend: Backend) -> None:
    assert backend.faults
    backend.faults.throttle = 100
    with pytest.raises(SigningUnavailable):
        verified(backend.good).sign(b"data", "archive")
    assert len(backend.faults.requests) == ATTEMPTS


@over_services
def test_a_corrupted_signature_never_leaves(backend: Backend) -> None:
    assert backend.faults
    signer = verified(backend.good)
    backend.faults.mangle = lambda signature: signature[:-1] + bytes([signature[-1] ^ 1])
    with pytest.raises(SignatureCorrupted):
        signer.sign(b"data", "archive")


@over_services
def test_a_truncated_signature_never_leaves(backend: Backend) -> None:
    assert backend.faults
    signer = verified(backend.good)
    backend.faults.mangle = lambda signature: signature[:40]
    with pytest.raises(SignatureCorrupted, match="40 bytes"):
        signer.sign(b"data", "archive")


@over_services
def test_an_answer_by_another_key_is_refused(backend: Backend) -> None:
    assert backend.faults
    signer = verified(backend.good)
    backend.faults.answer_as = backend.other_name
    with pytest.raises(KeyMismatch):
        signer.sign(b"data", "archive")


@over_services
def test_a_public_key_of_another_key_is_refused(backend: Backend) -> None:
    assert backend.faults
    backend.faults.answer_as = backend.other_name
    with pytest.raises(KeyMismatch):
        opened(backend.good)


@pytest.mark.parametrize("backend", ["awskms", "gcpkms"], indirect=True)
def test_raw_signatures_become_der(backend: Backend, tmp_path: Path) -> None:
    assert backend.faults

    def raw(der: bytes) -> bytes:
        return b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(der))

    signer = verified(backend.good)
    backend.faults.mangle = raw
    signature = signer.sign(b"data", "archive")
    assert encode_dss_signature(*decode_dss_signature(signature)) == signature
    assert verifies(tmp_path, signer.public_key(), signature, b"data")


@pytest.mark.parametrize("backend", ["azurekms", "gcpkms"], indirect=True)
def test_a_service_that_does_not_answer_is_unavailable(backend: Backend) -> None:
    assert backend.unreachable
    with pytest.raises(SigningUnavailable):
        opened(backend.unreachable)


def test_every_signature_is_counted_and_audited(backend: Backend) -> None:
    records: list[SignatureRecord] = []
    signer = VerifiedSigner(opened(backend.good), audit=records.append)
    for purpose in ("archive", "archive", "crl"):
        signer.sign(b"data", purpose)
    assert signer.counts() == {"archive": 2, "crl": 1}
    assert {(one.key_ref, one.outcome) for one in records} == {(signer.key_ref, "signed")}
    assert [one.purpose for one in records] == ["archive", "archive", "crl"]
    assert len({one.digest for one in records}) == 1
