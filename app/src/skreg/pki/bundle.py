"""Makes the trust bundle: which roots, log keys and hosts a client may believe."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import dsse, names, note, trust
from skreg.pki.profiles import CLOCK_SKEW
from skreg.pki.state import certificate_spki, der
from skreg.signing import VerifiedSigner


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What the operator decides of a trust bundle.

    Attributes:
        redirect_hosts: hosts, in lowercase, that a client may follow a redirect to.
        minimum_client: the oldest client version that may go on.
    """

    redirect_hosts: tuple[str, ...] = ()
    minimum_client: str = "0.1.0"


def sign_bundle(
    root: VerifiedSigner,
    certificate: x509.Certificate,
    log_spki: bytes,
    facts: BundleFacts,
    now: datetime,
    version: int = 1,
) -> bytes:
    """Return trust bundle ``version`` with one root and one log, signed by the root."""
    payload = trust.to_payload(_bundle(certificate, log_spki, facts, now=now, version=version))
    signature = root.sign(dsse.pae(dsse.TRUST_TYPE, payload), "trust-bundle")
    signed = dsse.EnvelopeSignature(sig=signature, chain=(der(certificate),))
    return dsse.to_bytes(dsse.Envelope(dsse.TRUST_TYPE, payload, (signed,)))


def bundle_entry(bundle: bytes, version: int) -> JsonObject:
    """Return the body of the log entry for a trust bundle."""
    digest = hashlib.sha256(bundle).hexdigest()
    return {"type": "trust-change", "version": version, "sha256": digest}


def _bundle(
    certificate: x509.Certificate,
    log_spki: bytes,
    facts: BundleFacts,
    *,
    now: datetime,
    version: int,
) -> trust.TrustBundle:
    spki = certificate_spki(certificate)
    registry_id = names.registry_id(spki)
    origin = names.log_origin(registry_id)
    log = trust.make_log_key(origin, note.vkey_ecdsa(origin, log_spki), now - CLOCK_SKEW)
    return trust.TrustBundle(
        version=version,
        registry_id=registry_id,
        roots=(trust.TrustedRoot(names.fingerprint(spki), der(certificate)),),
        logs=(log,),
        redirect_hosts=tuple(sorted(set(facts.redirect_hosts))),
        minimum_client=facts.minimum_client,
    )
