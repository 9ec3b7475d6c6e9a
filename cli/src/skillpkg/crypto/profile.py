"""skreg's certificate profile: what a root, an intermediate and a leaf must be, exactly."""

from __future__ import annotations

from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from skillpkg.crypto import names
from skillpkg.crypto.encoding import printable
from skillpkg.crypto.signatures import require_p256
from skillpkg.errors import Check, VerificationRefused

E = TypeVar("E", bound=x509.ExtensionType)

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What cryptography raises when it comes to a part that is malformed: it parses most parts late."""

_CLASSES = {names.REGISTRY_SIGNED: "registry", names.PUBLISHER_SIGNED: "publisher"}
_FLAGS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def refused(check: Check, why: str) -> VerificationRefused:
    """Return the refusal of a certificate chain."""
    return VerificationRefused(
        check,
        "The signer's certificate chain was refused.",
        why=printable(why[:1].upper() + why[1:]) + ".",
        fix="Do not use what it signed; tell the registry's operator which check refused it.",
    )


def load(der: bytes) -> x509.Certificate:
    """Read one DER certificate, every part of it: cryptography parses most of it late.

    Raises:
        VerificationRefused: chain.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        require_whole_signature(der, certificate.signature)
        if certificate.serial_number <= 0:
            raise ValueError("its serial number is not positive")
        _ = (list(certificate.extensions), certificate.subject, certificate.issuer)
        _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except UNREADABLE as error:
        raise refused(Check.CHAIN, f"a certificate cannot be read: {error}") from error
    return certificate


def require_whole_signature(der: bytes, signature: bytes) -> None:
    """Refuse a last BIT STRING that claims unused bits: the parser overlooks that byte.

    Raises:
        ValueError: one signature would then stand under several encodings.
    """
    if not der.endswith(b"\x00" + signature):
        raise ValueError("the signature is not a whole number of bytes")


def key_bytes(certificate: x509.Certificate) -> bytes:
    """Return the certificate's SubjectPublicKeyInfo in DER."""
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def p256(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    """Return the certificate's P-256 key; any other refuses (chain)."""
    try:
        return require_p256(certificate.public_key())
    except UNREADABLE as error:
        raise refused(Check.CHAIN, f"{_name(certificate)}: {error}") from error


def require_algorithms(certificate: x509.Certificate) -> None:
    """Refuse (chain) any key but P-256 and any signature but ECDSA with SHA-256."""
    p256(certificate)
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise refused(Check.CHAIN, f"{_name(certificate)} is not signed with ECDSA and SHA-256")


def require_root(root: x509.Certificate) -> None:
    """Refuse (chain) what is not a self-signed CA with path length 1 that signs CRLs."""
    require_algorithms(root)
    _require_ca(root, path_length=1)
    if not issued_by(root, root):
        raise refused(Check.CHAIN, "the root is not self-signed")


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether ``issuer`` bears the issuer's name and its key made the signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def require_intermediate(intermediate: x509.Certificate) -> None:
    """Refuse what is not a CA with path length 0 for code signing alone."""
    _require_ca(intermediate, path_length=0)
    _require_code_signing(intermediate)


def require_leaf(leaf: x509.Certificate) -> None:
    """Refuse what is not an end entity for digital signatures and code signing alone."""
    basic = extension(leaf, x509.BasicConstraints)
    if basic is None or basic.value.ca:
        raise refused(Check.CHAIN, f"{_name(leaf)} is not an end-entity certificate")
    _require_usage(leaf, {"digital_signature"})
    _require_code_signing(leaf)


def signer_class(leaf: x509.Certificate, intermediate: x509.Certificate) -> str:
    """Return ``registry`` or ``publisher``, by the one policy that both certificates carry.

    Raises:
        VerificationRefused: chain-policy.
    """
    found = _policy(leaf), _policy(intermediate)
    if found[0] != found[1] or found[0] not in _CLASSES:
        raise refused(
            Check.CHAIN_POLICY,
            f"the leaf's policy is {found[0]} and its intermediate's {found[1]}, "
            "not one and the same policy of this system",
        )
    return _CLASSES[found[0]]


def identity(leaf: x509.Certificate, signer: str, registry_id: str) -> str | None:
    """Return the publisher namespace that the leaf's SAN URI names, None for the registry.

    Raises:
        VerificationRefused: chain (no single identity, another registry) or chain-policy (the
            identity is of the other class than the policy).
    """
    names_ = extension(leaf, x509.SubjectAlternativeName)
    uris = names_.value.get_values_for_type(x509.UniformResourceIdentifier) if names_ else []
    try:
        found, namespace = names.parse_uri(*uris)
    except (ValueError, TypeError) as error:
        raise refused(
            Check.CHAIN, f"{_name(leaf)} does not name exactly one identity: {uris}"
        ) from error
    if found != registry_id:
        raise refused(Check.CHAIN, f"the leaf names registry {found}, not {registry_id}")
    if (namespace is None) != (signer == "registry"):
        raise refused(Check.CHAIN_POLICY, f"{uris[0]} may not stand under the {signer} policy")
    return namespace


def extension(certificate: x509.Certificate, kind: type[E]) -> x509.Extension[E] | None:
    """Return the extension of that type, or None."""
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def _require_ca(certificate: x509.Certificate, *, path_length: int) -> None:
    basic = extension(certificate, x509.BasicConstraints)
    good = basic is not None and basic.critical and basic.value.ca
    if basic is None or not good or basic.value.path_length != path_length:
        raise refused(
            Check.CHAIN, f"{_name(certificate)} is not a CA with path length {path_length}"
        )
    _require_usage(certificate, {"key_cert_sign", "crl_sign"})


def _require_usage(certificate: x509.Certificate, wanted: set[str]) -> None:
    usage = extension(certificate, x509.KeyUsage)
    found = {flag for flag in _FLAGS if usage is not None and getattr(usage.value, flag)}
    if usage is None or not usage.critical or found != wanted:
        raise refused(
            Check.CHAIN,
            f"{_name(certificate)}: its key usage is {sorted(found)}, not {sorted(wanted)}",
        )


def _require_code_signing(certificate: x509.Certificate) -> None:
    usage = extension(certificate, x509.ExtendedKeyUsage)
    found = [oid.dotted_string for oid in usage.value] if usage else []
    if found != [ExtendedKeyUsageOID.CODE_SIGNING.dotted_string]:
        raise refused(
            Check.CHAIN_EKU,
            f"{_name(certificate)}: its extended key usage is {found}, not code signing alone",
        )


def _policy(certificate: x509.Certificate) -> str:
    found = extension(certificate, x509.CertificatePolicies)
    oids = [info.policy_identifier.dotted_string for info in found.value] if found else []
    return ", ".join(oids) or "none"


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "A certificate without a subject"
