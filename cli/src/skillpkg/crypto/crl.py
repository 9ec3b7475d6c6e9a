"""Certificate revocation lists: authentic, complete, never older than one seen before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import SignatureAlgorithmOID

from skillpkg.crypto import profile
from skillpkg.crypto.encoding import format_time, printable
from skillpkg.errors import Check, VerificationRefused

MAX_CRL = 8 * 1024 * 1024
CLOCK_SKEW = timedelta(minutes=5)
ALWAYS = datetime.min.replace(tzinfo=UTC)
"""What `revoked_at` answers when nothing that the key ever signed can be believed."""


@dataclass(frozen=True, slots=True)
class CrlFacts:
    """A verified CRL: its number, its dates (UTC) and the list itself."""

    number: int
    this_update: datetime
    next_update: datetime
    crl: x509.CertificateRevocationList


def check_crl(
    crl_der: bytes,
    issuer: x509.Certificate,
    now: datetime,
    remembered_number: int,
    *,
    expired_ok: bool = False,
) -> CrlFacts:
    """Verify the CRL of one CA.

    Args:
        crl_der: the list in DER, at most `MAX_CRL` bytes.
        issuer: the CA's verified certificate.
        now: the present time (aware).
        remembered_number: the highest number seen of this CA; a lower one refuses.
        expired_ok: the caller turns a passed date into a warning itself.

    Raises:
        VerificationRefused: crl-signature, crl-rollback or crl-expired.
    """
    facts = _read(crl_der, issuer)
    if facts.number < remembered_number:
        raise _refused(
            Check.CRL_ROLLBACK,
            f"its number is {facts.number}, and {remembered_number} was seen or promised before",
        )
    if facts.this_update > now + CLOCK_SKEW:
        raise _refused(
            Check.CRL_EXPIRED,
            f"it begins at {format_time(facts.this_update)}, which is still to come",
        )
    if facts.next_update < now and not expired_ok:
        raise _refused(Check.CRL_EXPIRED, f"it expired at {format_time(facts.next_update)}")
    return facts


def revoked_at(crl: x509.CertificateRevocationList, serial: int) -> datetime | None:
    """Return from when on a certificate is revoked, None when it is not.

    Where an invalidity date stands, the earlier of it and the revocation date counts. A
    compromised key without an invalidity date was never safe: that answers `ALWAYS`.

    Raises:
        VerificationRefused: crl-signature, when the entry cannot be read in full.
    """
    try:
        entry = crl.get_revoked_certificate_by_serial_number(serial)
        if entry is None:
            return None
        reason, invalid = _entry_facts(entry)
    except profile.UNREADABLE as error:
        raise _refused(Check.CRL_SIGNATURE, f"an entry cannot be read: {error}") from error
    if invalid is None:
        dateless = reason in (x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise)
        return ALWAYS if dateless else entry.revocation_date_utc
    return min(entry.revocation_date_utc, invalid)


def _read(der: bytes, issuer: x509.Certificate) -> CrlFacts:
    if len(der) > MAX_CRL:
        raise _refused(Check.CRL_SIGNATURE, f"it is longer than {MAX_CRL} bytes")
    try:
        crl = x509.load_der_x509_crl(der)
        profile.require_whole_signature(der, crl.signature)
        _require_issuer(crl, issuer)
        return _facts(crl, issuer)
    except profile.UNREADABLE as error:
        raise _refused(Check.CRL_SIGNATURE, f"it cannot be read: {error}") from error


def _require_issuer(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> None:
    usage = profile.extension(issuer, x509.KeyUsage)
    if crl.issuer != issuer.subject or usage is None or not usage.value.crl_sign:
        raise _refused(Check.CRL_SIGNATURE, "it is not by the CA it was asked for")
    if crl.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise _refused(Check.CRL_SIGNATURE, "it is not signed with ECDSA and SHA-256")
    if not crl.is_signature_valid(profile.p256(issuer)):
        raise _refused(Check.CRL_SIGNATURE, "its signature is not by the CA's key")


def _facts(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> CrlFacts:
    number: int | None = None
    authority: bytes | None = None
    for one in crl.extensions:
        if isinstance(one.value, x509.CRLNumber):
            number = one.value.crl_number
        elif isinstance(one.value, x509.AuthorityKeyIdentifier):
            authority = one.value.key_identifier
        elif one.critical or isinstance(one.value, _PARTIAL):
            raise _refused(
                Check.CRL_SIGNATURE, f"its extension {one.oid.dotted_string} is not supported"
            )
    subject = profile.extension(issuer, x509.SubjectKeyIdentifier)
    if number is None or crl.next_update_utc is None:
        raise _refused(Check.CRL_SIGNATURE, "it has no number or no date of the next one")
    if subject is None or authority != subject.value.digest:
        raise _refused(Check.CRL_SIGNATURE, "its authority key identifier is not the CA's")
    return CrlFacts(number, crl.last_update_utc, crl.next_update_utc, crl)


_PARTIAL = (x509.IssuingDistributionPoint, x509.DeltaCRLIndicator)
"""Extensions that make a list partial or indirect: what is absent from it proves nothing."""


def _entry_facts(
    entry: x509.RevokedCertificate,
) -> tuple[x509.ReasonFlags | None, datetime | None]:
    reason: x509.ReasonFlags | None = None
    invalid: datetime | None = None
    for one in entry.extensions:
        if isinstance(one.value, x509.CRLReason):
            reason = one.value.reason
        elif isinstance(one.value, x509.InvalidityDate):
            invalid = one.value.invalidity_date_utc
        elif one.critical:
            raise _refused(
                Check.CRL_SIGNATURE, f"an entry's extension {one.oid.dotted_string} is unknown"
            )
    return reason, invalid


def _refused(check: Check, why: str) -> VerificationRefused:
    return VerificationRefused(
        check,
        "A certificate revocation list was refused.",
        why=printable(why[:1].upper() + why[1:]) + ".",
        fix="Try again; if it stays so, tell the registry's operator to issue a new list.",
    )
