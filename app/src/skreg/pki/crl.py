"""Issues certificate revocation lists: complete, numbered, and short-lived."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from skillpkg.canonical_json import JsonObject
from skreg.pki.profiles import CLOCK_SKEW, Issuer
from skreg.pki.state import ROOT, Authority, Revocation
from skreg.signing import CertificateKey, VerifiedSigner

CRL_LIFETIME = timedelta(days=7)
ROOT_CRL_LIFETIME = timedelta(days=400)


def issue_crl(
    authority: Authority, signer: VerifiedSigner, now: datetime, *, last: bool = False
) -> Authority:
    """Return the authority with its next CRL: number one higher, valid 7 (root: 400) days.

    Args:
        last: the CA's key signs no more after this, so the list holds as long as the CA's own
            certificate.

    Raises:
        KeyMismatch: the signer is not the authority's key.
    """
    issuer = Issuer(authority.certificate, signer)
    number = authority.crl_number + 1
    start = now.replace(microsecond=0) - CLOCK_SKEW
    end = issuer.certificate.not_valid_after_utc if last else start + lifetime_of(authority.role)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(start)
        .next_update(end)
        .add_extension(identifier, False)
        .add_extension(x509.CRLNumber(number), False)
    )
    for revocation in authority.revocations:
        builder = builder.add_revoked_certificate(_entry(revocation))
    crl = builder.sign(CertificateKey(signer, "crl"), hashes.SHA256())
    data = crl.public_bytes(serialization.Encoding.DER)
    return replace(authority, crl_number=number, crl=data)


def lifetime_of(role: str) -> timedelta:
    """Return how long a CRL of this CA is good."""
    return ROOT_CRL_LIFETIME if role == ROOT else CRL_LIFETIME


def crl_entry(authority: Authority) -> JsonObject:
    """Return the body of the log entry for the authority's present CRL."""
    return {
        "type": "crl",
        "ca": authority.ca_id,
        "number": authority.crl_number,
        "sha256": hashlib.sha256(authority.crl).hexdigest(),
    }


def number_of(crl: x509.CertificateRevocationList) -> int:
    """Return a CRL's number."""
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def revocations_in(crl: x509.CertificateRevocationList) -> tuple[Revocation, ...]:
    """Return the revocations that a CRL of ours lists."""
    return tuple(_listed(entry) for entry in crl)


def _listed(entry: x509.RevokedCertificate) -> Revocation:
    values = [extension.value for extension in entry.extensions]
    dates = [item.invalidity_date_utc for item in values if isinstance(item, x509.InvalidityDate)]
    reasons = [item.reason.value for item in values if isinstance(item, x509.CRLReason)]
    return Revocation(
        serial=entry.serial_number,
        at=min(entry.revocation_date_utc, *dates) if dates else entry.revocation_date_utc,
        reason=reasons[0] if reasons else "unspecified",
        dated=bool(dates),
    )


def _entry(revocation: Revocation) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(revocation.serial)
        .revocation_date(revocation.at)
        .add_extension(x509.CRLReason(x509.ReasonFlags(revocation.reason)), False)
    )
    if revocation.dated:
        builder = builder.add_extension(x509.InvalidityDate(revocation.at), False)
    return builder.build()
