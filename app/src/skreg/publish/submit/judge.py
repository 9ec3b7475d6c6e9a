"""Judges an archive that its publisher signed, as every client will after it is published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from skillpkg.crypto import crl, signatures
from skillpkg.crypto.chain import VerifiedChain, verify_chain
from skillpkg.crypto.encoding import format_time
from skillpkg.errors import Check, VerificationRefused
from skreg.publish.submit.anchors import Anchors


@dataclass(frozen=True, slots=True)
class Submission:
    """A publisher's detached signature (DER ECDSA) and its chain (DER, leaf first)."""

    signature: bytes
    chain: tuple[bytes, ...]


def judge(
    submission: Submission,
    archive: bytes,
    namespace: str,
    anchors: Anchors,
    at: datetime,
    now: datetime | None = None,
) -> VerifiedChain:
    """Return the publisher's verified chain.

    Args:
        namespace: that of the package; the leaf must be for it.
        at: when the signature was first seen (aware): the trusted time.
        now: when it is judged; by default it is seen just now.

    Raises:
        VerificationRefused: chain, chain-time, chain-eku, chain-policy, publisher-namespace,
            revoked, a crl check, or signature.
    """
    found = verify_chain(submission.chain, anchors.roots, at, registry_id=anchors.registry_id)
    if found.publisher_namespace is None:
        raise _refused(Check.CHAIN_POLICY, "The certificate is the registry's, not a publisher's.")
    if found.publisher_namespace != namespace:
        why = f"The certificate is for the namespace {found.publisher_namespace}, not {namespace}."
        raise _refused(Check.PUBLISHER_NAMESPACE, why)
    times = (at, now or at)
    _require_good(anchors, found.root_id, found.root, found.intermediate, times)
    _require_good(anchors, found.ca_id, found.intermediate, found.leaf, times)
    if not signatures.verify(found.leaf_key, submission.signature, archive):
        raise _refused(
            Check.SIGNATURE,
            "It is not a DER ECDSA signature over exactly these bytes by the leaf's key.",
        )
    return found


def _require_good(
    anchors: Anchors,
    ca: str,
    issuer: x509.Certificate,
    subject: x509.Certificate,
    times: tuple[datetime, datetime],
) -> None:
    at, now = times
    if ca not in anchors.crls:
        raise _refused(Check.CRL_MISSING, f"There is no revocation list of the CA {ca}.")
    facts = crl.check_crl(anchors.crls[ca], issuer, now, 0, expired_ok=True)
    since = crl.revoked_at(facts.crl, subject.serial_number)
    if since is not None and since <= at:
        when = "ever" if since == crl.ALWAYS else format_time(since)
        name = subject.subject.rfc4514_string()
        raise _refused(Check.REVOKED, f"{name} counts as revoked since {when}.")


def _refused(check: Check, why: str) -> VerificationRefused:
    return VerificationRefused(check, "The publisher's signature is refused.", why=why)
