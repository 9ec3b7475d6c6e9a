"""Makes the trust bundle: which roots, log keys and hosts a client may believe."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import dsse, names, note, trust
from skreg.pki.profiles import CLOCK_SKEW, Issuer
from skreg.pki.state import certificate_spki, der
from skreg.signing import spki_of

LOG_OVERLAP = timedelta(days=7)
"""How long before and after its succession a log key counts as well as the other one.

An entry is stamped before a checkpoint covers it: what was stamped under the old key and covered
under the new one has to verify, and so has what a worker that still runs with the old key signs.
"""


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What the operator decides of a trust bundle.

    Attributes:
        redirect_hosts: hosts, in lowercase, that a client may follow a redirect to.
        minimum_client: the oldest client version that may go on.
    """

    redirect_hosts: tuple[str, ...] = ()
    minimum_client: str = "0.1.0"


def facts_of(bundle: trust.TrustBundle) -> BundleFacts:
    """Return what the operator decided of a bundle."""
    return BundleFacts(bundle.redirect_hosts, bundle.minimum_client)


def first_bundle(
    certificate: x509.Certificate, log_spki: bytes, facts: BundleFacts, now: datetime
) -> trust.TrustBundle:
    """Return trust bundle 1: one root, one log key."""
    spki = certificate_spki(certificate)
    registry_id = names.registry_id(spki)
    return trust.TrustBundle(
        version=1,
        registry_id=registry_id,
        roots=(_trusted(certificate),),
        logs=(_log_key(registry_id, log_spki, now - CLOCK_SKEW),),
        redirect_hosts=tuple(sorted(set(facts.redirect_hosts))),
        minimum_client=facts.minimum_client,
    )


def next_bundle(
    present: trust.TrustBundle,
    facts: BundleFacts,
    now: datetime,
    *,
    log_spki: bytes | None = None,
    root: x509.Certificate | None = None,
) -> trust.TrustBundle:
    """Return the bundle after ``present``, or ``present`` itself when nothing changes.

    Args:
        log_spki: the log's new key; the keys before it end after an overlap.
        root: the new root, which becomes the last of the list: the one clients pin next.
    """
    logs = present.logs
    if log_spki is not None:
        closed = tuple(_ending(key, now + LOG_OVERLAP) for key in logs)
        logs = (*closed, _log_key(present.registry_id, log_spki, now - LOG_OVERLAP))
    changed = replace(
        present,
        logs=logs,
        roots=present.roots if root is None else (*present.roots, _trusted(root)),
        redirect_hosts=tuple(sorted(set(facts.redirect_hosts))),
        minimum_client=facts.minimum_client,
    )
    return present if changed == present else replace(changed, version=present.version + 1)


def sign_bundle(bundle: trust.TrustBundle, roots: Sequence[Issuer]) -> bytes:
    """Return a bundle's envelope, signed by each of these roots."""
    payload = trust.to_payload(bundle)
    message = dsse.pae(dsse.TRUST_TYPE, payload)
    signed = tuple(
        dsse.EnvelopeSignature(
            sig=root.signer.sign(message, "trust-bundle"), chain=(der(root.certificate),)
        )
        for root in roots
    )
    return dsse.to_bytes(dsse.Envelope(dsse.TRUST_TYPE, payload, signed))


def log_key_ids(bundle: trust.TrustBundle) -> set[str]:
    """Return what identifies each ECDSA log key of a bundle, as a CA's id does its key."""
    keys = [log.verifier.key for log in bundle.logs]
    return {names.ca_id(spki_of(key)) for key in keys if isinstance(key, ec.EllipticCurvePublicKey)}


def bundle_entry(bundle: bytes, version: int) -> JsonObject:
    """Return the body of the log entry for a trust bundle."""
    digest = hashlib.sha256(bundle).hexdigest()
    return {"type": "trust-change", "version": version, "sha256": digest}


def _trusted(certificate: x509.Certificate) -> trust.TrustedRoot:
    return trust.TrustedRoot(names.fingerprint(certificate_spki(certificate)), der(certificate))


def _log_key(registry_id: str, spki: bytes, since: datetime) -> trust.LogKey:
    origin = names.log_origin(registry_id)
    start = since.replace(microsecond=0)
    return trust.make_log_key(origin, note.vkey_ecdsa(origin, spki), start)


def _ending(key: trust.LogKey, end: datetime) -> trust.LogKey:
    if key.not_after is not None:
        return key
    return replace(key, not_after=end.replace(microsecond=0))
