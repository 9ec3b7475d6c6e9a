"""The shapes of certificates and requests; the only place that says what a certificate may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from skreg.errors import KeyMismatch, Unprocessable
from skreg.signing import CertificateKey, VerifiedSigner

ROOT_LIFETIME = timedelta(days=20 * 365 + 5)
INTERMEDIATE_LIFETIME = timedelta(days=5 * 365 + 1)
LEAF_LIFETIME = timedelta(days=90)
LONGEST_LEAF_LIFETIME = timedelta(days=460)
"""The code signing baseline's limit for any leaf."""
CLOCK_SKEW = timedelta(minutes=5)
"""How far validity begins before the issuer's clock, for readers whose clocks run late."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA that can sign: its certificate and its key.

    Raises:
        KeyMismatch: the certificate is for another key; nothing it signs would verify.
    """

    certificate: x509.Certificate
    signer: VerifiedSigner

    def __post_init__(self) -> None:
        if self.certificate.public_key() != self.signer.public_key():
            raise KeyMismatch(
                "A CA's certificate is for another key than the one configured.",
                why=f"{self.certificate.subject.rfc4514_string()} does not carry the public key "
                f"of {self.signer.key_ref}.",
                fix="Point the CA's key URI at the key it had, or run a ceremony for the new key.",
            )


def root_certificate(signer: VerifiedSigner, common_name: str, now: datetime) -> x509.Certificate:
    """Return a self-signed root: path length 1, 20 years, certificates and CRLs only."""
    public = signer.public_key()
    builder = _base(common_name, _name(common_name), public, public, now, ROOT_LIFETIME)
    builder = _with_authority(builder, path_length=1)
    return builder.sign(CertificateKey(signer, "root-certificate"), hashes.SHA256())


def intermediate_certificate(
    root: Issuer, public: ec.EllipticCurvePublicKey, common_name: str, policy: str, now: datetime
) -> x509.Certificate:
    """Return an intermediate CA: path length 0, code signing only, one policy, 5 years.

    Args:
        policy: the dotted OID of the class of packages it may vouch for.
    """
    builder = _under(root, public, common_name, now, INTERMEDIATE_LIFETIME)
    builder = _with_authority(builder, path_length=0)
    builder = _with_purpose(builder, policy)
    return builder.sign(CertificateKey(root.signer, "ca-certificate"), hashes.SHA256())


def leaf_certificate(
    issuer: Issuer,
    public: ec.EllipticCurvePublicKey,
    common_name: str,
    uri: str,
    now: datetime,
    *,
    dns_names: Sequence[str] = (),
    lifetime: timedelta = LEAF_LIFETIME,
) -> x509.Certificate:
    """Return a code signing leaf named by ``uri``, with its issuer's policy.

    Args:
        uri: ``urn:skreg:…``, what verifiers compare.
        dns_names: domains that the holder has shown to be its own.
        lifetime: at most 460 days.

    Raises:
        Unprocessable: a longer lifetime, or one that has no time in it.
    """
    if not timedelta(0) < lifetime <= LONGEST_LEAF_LIFETIME:
        raise Unprocessable(
            "The certificate's lifetime is out of range.",
            why=f"{lifetime.days} days were asked for.",
            fix=f"Ask for 1 to {LONGEST_LEAF_LIFETIME.days} days.",
        )
    names = [x509.UniformResourceIdentifier(uri), *(x509.DNSName(name) for name in dns_names)]
    builder = _under(issuer, public, common_name, now, lifetime)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(_usage(digital_signature=True), True)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    builder = _with_purpose(builder, policy_of(issuer.certificate))
    return builder.sign(CertificateKey(issuer.signer, "leaf-certificate"), hashes.SHA256())


def certificate_request(signer: VerifiedSigner, common_name: str) -> x509.CertificateSigningRequest:
    """Return a request that shows possession of the key; its names are proposals only."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(common_name))
    return builder.sign(CertificateKey(signer, "certificate-request"), hashes.SHA256())


def requested_key(request_der: bytes) -> ec.EllipticCurvePublicKey:
    """Return the P-256 key whose possession a request shows; nothing else in it is believed.

    Raises:
        Unprocessable: not a DER or PEM request, a signature that is not by its key, or another
            kind of key.
    """
    try:
        load = x509.load_pem_x509_csr if request_der[:5] == b"-----" else x509.load_der_x509_csr
        request = load(request_der)
        public = request.public_key()
        possessed = request.is_signature_valid
    except (ValueError, TypeError) as error:
        raise _request_refused(f"it cannot be read: {error}") from error
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise _request_refused("its key is not ECDSA P-256")
    if not possessed:
        raise _request_refused("its signature is not by the key it carries")
    return public


def policy_of(certificate: x509.Certificate) -> str:
    """Return the dotted OID of a CA certificate's one policy."""
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    dotted: str = policies[0].policy_identifier.dotted_string
    return dotted


def _request_refused(cause: str) -> Unprocessable:
    return Unprocessable(
        "The certificate request is refused.",
        why=f"{cause[:1].upper()}{cause[1:]}.",
        fix="Make one with: openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256",
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "skreg"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _under(
    issuer: Issuer,
    public: ec.EllipticCurvePublicKey,
    common_name: str,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    authority = issuer.signer.public_key()
    return _base(common_name, issuer.certificate.subject, public, authority, now, lifetime)


def _base(
    common_name: str,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    authority: ec.EllipticCurvePublicKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    start = now.replace(microsecond=0) - CLOCK_SKEW
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), False)
    )


def _with_authority(
    builder: x509.CertificateBuilder, *, path_length: int
) -> x509.CertificateBuilder:
    constraint = x509.BasicConstraints(ca=True, path_length=path_length)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return builder.add_extension(constraint, True).add_extension(usage, True)


def _with_purpose(builder: x509.CertificateBuilder, policy: str) -> x509.CertificateBuilder:
    information = x509.PolicyInformation(x509.ObjectIdentifier(policy), None)
    return builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False
    ).add_extension(x509.CertificatePolicies([information]), False)


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
