"""Revokes certificates; the new CRL is issued in the same step."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cryptography import x509

from skillpkg.canonical_json import JsonObject
from skreg.errors import Unprocessable
from skreg.pki.crl import crl_entry, issue_crl
from skreg.pki.keys import PkiKeys
from skreg.pki.state import PkiChange, PkiState, Revocation, with_authority

REASONS = (
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)


def revoke(
    state: PkiState,
    keys: PkiKeys,
    role: str,
    serial: int,
    now: datetime,
    *,
    reason: str = "unspecified",
    since: datetime | None = None,
) -> PkiChange:
    """Revoke a certificate and issue the CA's next CRL.

    The same again changes nothing, and nothing makes a revocation weaker.

    Args:
        role: the CA that issued it: ``root``, ``registry-ca`` or ``publisher-ca``, or the id of
            a CA that was replaced.
        serial: the certificate's serial number.
        reason: one of ``REASONS``.
        since: the moment the certificate stopped being good. Without it a ``keyCompromise``
            refuses every signature the key ever made; any other reason counts from now.

    Raises:
        Unprocessable: an unknown reason, a moment in the future, or no serial number.
        SigningUnavailable: the root is asked for and not at hand.
    """
    wanted = revocation_of(serial, reason, since, now)
    authority = state.authority(role)
    present = authority.revocation_of(serial)
    merged = wanted if present is None else _stronger(wanted, present)
    if merged == present:
        return PkiChange(state)
    others = tuple(item for item in authority.revocations if item.serial != serial)
    authority = replace(authority, revocations=(*others, merged))
    authority = issue_crl(authority, keys.for_authority(authority), now)
    entries = (revoked_entry(authority.ca_id, merged), crl_entry(authority))
    return PkiChange(with_authority(state, authority), entries)


def serial_of(certificate_der: bytes) -> int:
    """Return the serial number of a DER certificate."""
    return x509.load_der_x509_certificate(certificate_der).serial_number


def revocation_of(serial: int, reason: str, since: datetime | None, now: datetime) -> Revocation:
    """Return a new revocation; Unprocessable as ``revoke``."""
    if reason not in REASONS:
        raise _refused("The reason is not known.", f"It is {reason!r}.", ", ".join(REASONS))
    if since is not None and since > now:
        raise _refused(
            "A certificate is not revoked ahead of time.", f"{since} is to come.", "a past moment"
        )
    if not 0 < serial < 2**160:
        raise _refused("The serial number is out of range.", f"It is {serial:x}.", "1 to 20 bytes")
    at = (since or now).replace(microsecond=0)
    return Revocation(serial, at, reason, dated=since is not None or reason != "keyCompromise")


def _stronger(wanted: Revocation, present: Revocation) -> Revocation:
    """Join two revocations of one certificate: what either refuses stays refused."""
    compromised = "keyCompromise" in (wanted.reason, present.reason)
    return Revocation(
        serial=present.serial,
        at=min(wanted.at, present.at),
        reason="keyCompromise" if compromised else present.reason,
        dated=wanted.dated and present.dated,
    )


def revoked_entry(ca_id: str, revocation: Revocation) -> JsonObject:
    """Return the body of the log entry that tells of a revocation."""
    return {
        "type": "cert-revoked",
        "ca": ca_id,
        "serial": f"{revocation.serial:x}",
        "reason": revocation.reason,
    }


def _refused(what: str, why: str, allowed: str) -> Unprocessable:
    return Unprocessable(what, why=why, fix=f"Give {allowed}.")
