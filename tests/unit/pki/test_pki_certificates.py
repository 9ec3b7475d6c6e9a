"""The certificates as the openssl program sees them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from skillpkg.crypto import chain, names
from skreg.adapters.signers.file import create_key_file, open_key
from skreg.errors import ConfigurationInvalid, Unprocessable
from skreg.pki.issue import publisher_leaf
from skreg.pki.profiles import requested_key, root_certificate
from skreg.pki.state import Authority, PkiState, certificate_spki, der
from skreg.signing import VerifiedSigner
from support.made_pki import NOW, Made
from support.openssl import accepts, openssl, write_pem

AT = str(int(NOW.timestamp()))


def request_by(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, *, pem: bool = False
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "I choose my own name")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    encoding = serialization.Encoding.PEM if pem else serialization.Encoding.DER
    return builder.sign(key, algorithm).public_bytes(encoding)


def text_of(folder: Path, certificate: x509.Certificate) -> str:
    path = write_pem(folder / "shown.pem", certificate)
    return openssl("x509", "-in", path, "-noout", "-text")


def openssl_accepts(
    folder: Path, state: PkiState, issuer: Authority, leaf: x509.Certificate, *extra: str
) -> bool:
    """Whether openssl builds a chain for code signing, with every CRL checked."""
    root = write_pem(folder / "root.pem", state.root.certificate)
    between = write_pem(folder / "between.pem", issuer.certificate)
    crls = folder / "crls.pem"
    crls.write_bytes(
        b"".join(
            x509.load_der_x509_crl(item.crl).public_bytes(serialization.Encoding.PEM)
            for item in state.authorities
        )
    )
    path = write_pem(folder / "leaf.pem", leaf)
    return accepts(
        "verify", "-x509_strict", "-purpose", "any", "-attime", AT, "-CAfile", root,
        "-untrusted", between, "-CRLfile", str(crls), "-crl_check_all", *extra, path,
    )  # fmt: skip


def test_the_root_may_sign_two_levels_and_nothing_else(made: Made, tmp_path: Path) -> None:
    text = text_of(tmp_path, made.state.root.certificate)
    assert "CA:TRUE, pathlen:1" in text
    assert "Certificate Sign, CRL Sign" in text
    assert "Extended Key Usage" not in text
    lifetime = (
        made.state.root.certificate.not_valid_after_utc
        - made.state.root.certificate.not_valid_before_utc
    )
    assert timedelta(days=7300) < lifetime < timedelta(days=7310)


@pytest.mark.parametrize(
    ("role", "policy"),
    [("registry-ca", names.REGISTRY_SIGNED), ("publisher-ca", names.PUBLISHER_SIGNED)],
)
def test_an_intermediate_is_for_one_class_of_packages(
    made: Made, tmp_path: Path, role: str, policy: str
) -> None:
    text = text_of(tmp_path, made.state.authority(role).certificate)
    assert "CA:TRUE, pathlen:0" in text
    assert "Code Signing" in text
    assert "X509v3 Key Usage: critical" in text
    assert f"Policy: {policy}" in text


def test_the_signing_leaf_names_the_registry(made: Made, tmp_path: Path) -> None:
    text = text_of(tmp_path, made.state.leaf)
    assert "CA:FALSE" in text
    assert "Digital Signature" in text
    assert "Certificate Sign" not in text
    assert f"URI:urn:skreg:{made.state.registry_id}:registry" in text
    assert f"Policy: {names.REGISTRY_SIGNED}" in text
    assert made.state.leaf.not_valid_after_utc - made.now < timedelta(days=90)


def test_openssl_builds_the_whole_chain(made: Made, tmp_path: Path) -> None:
    state = made.state
    assert openssl_accepts(tmp_path, state, state.registry_ca, state.leaf)
    assert not openssl_accepts(tmp_path, state, state.publisher_ca, state.leaf)
    assert openssl_accepts(
        tmp_path, state, state.registry_ca, state.leaf,
        "-policy", names.REGISTRY_SIGNED, "-policy_check", "-partial_chain",
    )  # fmt: skip


def test_every_certificate_names_its_key_and_its_issuers_key(made: Made) -> None:
    state = made.state
    for certificate, issuer in (
        (state.root.certificate, state.root.certificate),
        (state.registry_ca.certificate, state.root.certificate),
        (state.leaf, state.registry_ca.certificate),
    ):
        subject = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        authority = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
        assert authority.value.key_identifier == subject.digest
        assert certificate.serial_number.bit_length() > 64


def test_a_publisher_gets_a_leaf_for_one_namespace(made: Made, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    leaf, entry = publisher_leaf(
        made.state, made.keys, request_by(key, pem=True), "acme", made.now, domains=["acme.example"]
    )
    assert openssl_accepts(tmp_path, made.state, made.state.publisher_ca, leaf)
    text = text_of(tmp_path, leaf)
    assert f"URI:urn:skreg:{made.state.registry_id}:publisher:acme, DNS:acme.example" in text
    assert "I choose my own name" not in text
    verified = chain.verify_chain(
        [der(leaf), der(made.state.publisher_ca.certificate)],
        [der(made.state.root.certificate)],
        made.now,
    )
    assert (verified.signer_class, verified.publisher_namespace) == ("publisher", "acme")
    assert entry["type"] == "cert-issued"
    assert entry["serial"] == f"{leaf.serial_number:x}"


@pytest.mark.parametrize("days", [0, -1, 461])
def test_no_leaf_lives_longer_than_the_baseline_allows(made: Made, days: int) -> None:
    request = request_by(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(Unprocessable, match="lifetime"):
        publisher_leaf(
            made.state, made.keys, request, "acme", made.now, lifetime=timedelta(days=days)
        )


def test_a_leaf_may_live_as_long_as_the_baseline_allows(made: Made) -> None:
    request = request_by(ec.generate_private_key(ec.SECP256R1()))
    leaf, _ = publisher_leaf(
        made.state, made.keys, request, "acme", made.now, lifetime=timedelta(days=460)
    )
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(days=460)


def test_only_p256_requests_are_taken() -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()):
        with pytest.raises(Unprocessable, match="P-256"):
            requested_key(request_by(key))


def test_a_request_that_does_not_possess_its_key_is_refused() -> None:
    data = bytearray(request_by(ec.generate_private_key(ec.SECP256R1())))
    data[-1] ^= 1
    with pytest.raises(Unprocessable, match="not by the key"):
        requested_key(bytes(data))


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"-----BEGIN CERTIFICATE REQUEST-----\n"])
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(Unprocessable, match="cannot be read"):
        requested_key(data)


def test_another_root_of_the_same_name_vouches_for_nothing(made: Made, tmp_path: Path) -> None:
    create_key_file(tmp_path / "other.pem")
    other = VerifiedSigner(open_key((tmp_path / "other.pem").as_uri()))
    subject = made.state.root.certificate.subject
    name = str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    twin = root_certificate(other, name, made.now)
    assert twin.subject == subject
    state = replace(made.state, root=replace(made.state.root, certificate=twin))
    assert not openssl_accepts(tmp_path, state, state.registry_ca, state.leaf)


def test_a_certificate_without_an_ecdsa_key_is_none_of_ours() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, None)
    )
    with pytest.raises(ConfigurationInvalid, match="ECDSA"):
        certificate_spki(certificate)
