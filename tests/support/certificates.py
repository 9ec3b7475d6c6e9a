"""Certificates and CRLs for tests: the right profile by default, every part replaceable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from skillpkg.crypto import names

NOW = datetime(2026, 11, 21, 4, 0, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CODE_SIGNING = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])

Extensions = Mapping[type[x509.ExtensionType], tuple[x509.ExtensionType, bool] | None]
"""Replaces extensions of a certificate by type; None leaves one out."""


@dataclass(frozen=True)
class Holder:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def spki(self) -> bytes:
        return self.certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))  # type: ignore[no-any-return]


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name_of(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def usage(**flags: bool) -> x509.KeyUsage:
    every = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(every | flags))


def policies(*oids: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies(
        [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    )


@dataclass(frozen=True)
class Shape:
    """What a certificate is made from; tests change one part at a time."""

    common_name: str
    begin: datetime
    end: datetime
    extensions: Extensions
    key: Any = None
    digest: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    issuer_name: x509.Name | None = None


def issue(shape: Shape, issuer: Holder | None) -> Holder:
    """Return a certificate by ``issuer``, self-signed when that is None."""
    key = shape.key or new_key()
    signer = issuer.key if issuer else key
    subject = name_of(shape.common_name)
    issuer_name = issuer.certificate.subject if issuer else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(shape.issuer_name or issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(shape.begin)
        .not_valid_after(shape.end)
    )
    standard: dict[type[x509.ExtensionType], tuple[x509.ExtensionType, bool] | None] = {
        x509.SubjectKeyIdentifier: (
            x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
            False,
        ),
        x509.AuthorityKeyIdentifier: (
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            False,
        ),
    }
    for given in (standard | dict(shape.extensions)).values():
        if given is not None:
            builder = builder.add_extension(*given)
    return Holder(builder.sign(signer, shape.digest), key)


CA_USAGE = (usage(key_cert_sign=True, crl_sign=True), True)


def root_shape(common_name: str = "skreg root", **changes: Any) -> Shape:
    extensions: Extensions = {
        x509.BasicConstraints: (x509.BasicConstraints(ca=True, path_length=1), True),
        x509.KeyUsage: CA_USAGE,
        **changes.pop("extensions", {}),
    }
    return Shape(
        **{
            "common_name": common_name,
            "begin": NOW - 800 * DAY,
            "end": NOW + 6000 * DAY,
            "extensions": extensions,
            **changes,
        }
    )


def intermediate_shape(policy: str, common_name: str = "skreg CA", **changes: Any) -> Shape:
    extensions: Extensions = {
        x509.BasicConstraints: (x509.BasicConstraints(ca=True, path_length=0), True),
        x509.KeyUsage: CA_USAGE,
        x509.ExtendedKeyUsage: (CODE_SIGNING, False),
        x509.CertificatePolicies: (policies(policy), False),
        **changes.pop("extensions", {}),
    }
    return Shape(
        **{
            "common_name": common_name,
            "begin": NOW - 700 * DAY,
            "end": NOW + 1100 * DAY,
            "extensions": extensions,
            **changes,
        }
    )


def leaf_shape(policy: str, *uris: str, common_name: str = "leaf", **changes: Any) -> Shape:
    san = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
    extensions: Extensions = {
        x509.BasicConstraints: (x509.BasicConstraints(ca=False, path_length=None), True),
        x509.KeyUsage: (usage(digital_signature=True), True),
        x509.ExtendedKeyUsage: (CODE_SIGNING, False),
        x509.CertificatePolicies: (policies(policy), False),
        x509.SubjectAlternativeName: (san, False),
        **changes.pop("extensions", {}),
    }
    return Shape(
        **{
            "common_name": common_name,
            "begin": NOW - 60 * DAY,
            "end": NOW + 30 * DAY,
            "extensions": extensions,
            **changes,
        }
    )


@dataclass(frozen=True)
class Pki:
    """A root with both intermediates and a leaf under each."""

    root: Holder
    registry_ca: Holder
    publisher_ca: Holder
    leaf: Holder
    publisher: Holder

    @property
    def id(self) -> str:
        return names.registry_id(self.root.spki)


def make_pki(namespace: str = "acme") -> Pki:
    """Return a fresh hierarchy; ``namespace`` is the publisher leaf's."""
    root = issue(root_shape(), None)
    registry_ca = issue(intermediate_shape(names.REGISTRY_SIGNED, "registry CA"), root)
    publisher_ca = issue(intermediate_shape(names.PUBLISHER_SIGNED, "publisher CA"), root)
    identity = names.registry_id(root.spki)
    return Pki(
        root,
        registry_ca,
        publisher_ca,
        issue(leaf_shape(names.REGISTRY_SIGNED, names.registry_uri(identity)), registry_ca),
        issue(
            leaf_shape(names.PUBLISHER_SIGNED, names.publisher_uri(identity, namespace)),
            publisher_ca,
        ),
    )


@dataclass(frozen=True)
class Revoked:
    """An entry of a CRL."""

    serial: int
    at: datetime
    invalid: datetime | None = None
    reason: x509.ReasonFlags | None = None
    extra: x509.ExtensionType | None = None
    critical: bool = True


def make_crl(
    issuer: Holder,
    revoked: Sequence[Revoked] = (),
    *,
    number: int | None = 1,
    begin: datetime = NOW - timedelta(hours=1),
    end: datetime = NOW + 7 * DAY,
    signer: Holder | None = None,
    authority: x509.AuthorityKeyIdentifier | None = None,
    with_authority: bool = True,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """Return a CRL in DER; ``signer`` signs instead of the issuer that it names."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(begin)
        .next_update(end)
    )
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    if with_authority:
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(authority or known, critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    for one in revoked:
        builder = builder.add_revoked_certificate(_entry(one))
    key = (signer or issuer).key
    return builder.sign(key, digest or hashes.SHA256()).public_bytes(Encoding.DER)


def _entry(one: Revoked) -> x509.RevokedCertificate:
    entry = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(one.at)
    if one.reason is not None:
        entry = entry.add_extension(x509.CRLReason(one.reason), critical=False)
    if one.invalid is not None:
        entry = entry.add_extension(x509.InvalidityDate(one.invalid), critical=False)
    if one.extra is not None:
        entry = entry.add_extension(one.extra, critical=one.critical)
    return entry.build()
