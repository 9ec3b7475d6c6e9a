"""Issues certificate revocation lists: complete, numbered, and short-lived."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from skillpkg.canonical_json import JsonObject
from skreg.pki.profiles import CLOCK_SKEW
from skreg.pki.state import ROOT, Authority, Revocation
from skreg.signing import CertificateKey, VerifiedSigner

CRL_LIFETIME = timedelta(days=7)
ROOT_CRL_LIFETIME = timedelta(days=400)


def issue_crl(authority: Authority, signer: VerifiedSigner, now: datetime) -> Authority:
    """Return the authority with its next CRL: number one higher, valid 7 (root: 400) days."""
    number = authority.crl_number + 1
    start = now.replace(microsecond=0) - CLOCK_SKEW
    public = signer.public_key()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(start)
        .next_update(start + lifetime_of(authority.role))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
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
