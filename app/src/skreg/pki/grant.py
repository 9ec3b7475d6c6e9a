"""The root's half of the ceremony: looks at a request, signs what it asks for.

Runs where the root is: with the request's bytes alone, without database, network or settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from skillpkg.crypto import names, trust
from skillpkg.errors import VerificationRefused
from skreg.errors import Unprocessable
from skreg.pki.bundle import first_bundle, next_bundle, sign_bundle
from skreg.pki.crl import issue_crl
from skreg.pki.offer import CeremonyGrant, CeremonyRequest
from skreg.pki.profiles import (
    Issuer,
    intermediate_certificate,
    requested_key,
    root_certificate,
)
from skreg.pki.state import REGISTRY_CA, ROOT, Authority
from skreg.signing import VerifiedSigner, spki_of


def grant(
    asked: CeremonyRequest,
    root: VerifiedSigner,
    now: datetime,
    new_root: VerifiedSigner | None = None,
) -> CeremonyGrant:
    """Sign a request with the root.

    Args:
        root: the present root; the first ceremony makes it the registry's.
        new_root: its successor, exactly when the request asks for one; both sign the bundle.

    Raises:
        Unprocessable: a request that does not show possession of its P-256 key, that is for
            another root, or that contradicts the keys at hand.
    """
    _require_wished(asked, root, new_root)
    if not asked.present:
        return _first(asked, root, now)
    return _next(asked, root, now, new_root)


@dataclass(frozen=True, slots=True)
class _Hand:
    """The root that signs intermediates now, for one registry."""

    issuer: Issuer
    registry_id: str
    now: datetime

    def sign(self, asked: bytes | None, role: str) -> x509.Certificate | None:
        if asked is None:
            return None
        policy = names.REGISTRY_SIGNED if role == REGISTRY_CA else names.PUBLISHER_SIGNED
        public = requested_key(asked)
        name = f"skreg {self.registry_id} {role} {names.ca_id(spki_of(public))[:8]}"
        return intermediate_certificate(self.issuer, public, name, policy, self.now)


def _first(asked: CeremonyRequest, root: VerifiedSigner, now: datetime) -> CeremonyGrant:
    if asked.registry_ca is None or asked.publisher_ca is None or asked.log is None:
        raise _refused("The first request must ask for both CAs and the log.")
    issuer = _new_root(root, now)
    bundle = first_bundle(issuer.certificate, spki_of(requested_key(asked.log)), asked.facts, now)
    return _granted(
        asked,
        _Hand(issuer, bundle.registry_id, now),
        crl=issue_crl(Authority(ROOT, issuer.certificate), root, now).crl,
        bundle=sign_bundle(bundle, [issuer]),
    )


def _next(
    asked: CeremonyRequest, root: VerifiedSigner, now: datetime, new_root: VerifiedSigner | None
) -> CeremonyGrant:
    present = _present(asked, root)
    old = Issuer(x509.load_der_x509_certificate(present.root_certificates[-1]), root)
    new = None if new_root is None else _new_root(new_root, now)
    bundle = next_bundle(
        present,
        asked.facts,
        now,
        log_spki=None if asked.log is None else spki_of(requested_key(asked.log)),
        root=None if new is None else new.certificate,
    )
    listed = Authority(
        ROOT, old.certificate, crl_number=asked.root_crl_number, revocations=asked.revocations
    )
    crl = issue_crl(listed, root, now, last=new is not None).crl
    signers = [old] if new is None else [old, new]
    signed = b"" if bundle == present else sign_bundle(bundle, signers)
    hand = _Hand(new or old, present.registry_id, now)
    if new is None:
        return _granted(asked, hand, crl=crl, bundle=signed)
    first_crl = issue_crl(Authority(ROOT, new.certificate), new.signer, now).crl
    return _granted(asked, hand, crl=first_crl, bundle=signed, last_crl=crl)


def _granted(
    asked: CeremonyRequest, hand: _Hand, *, crl: bytes, bundle: bytes, last_crl: bytes = b""
) -> CeremonyGrant:
    return CeremonyGrant(
        root=hand.issuer.certificate,
        registry_ca=hand.sign(asked.registry_ca, "registry-ca"),
        publisher_ca=hand.sign(asked.publisher_ca, "publisher-ca"),
        root_crl=crl,
        bundle=bundle,
        last_crl=last_crl,
    )


def _new_root(signer: VerifiedSigner, now: datetime) -> Issuer:
    name = f"skreg root {names.registry_id(signer.spki())}"
    return Issuer(root_certificate(signer, name, now), signer)


def _present(asked: CeremonyRequest, root: VerifiedSigner) -> trust.TrustBundle:
    """Return the bundle that stands; it must be signed by this root, as the present one."""
    fingerprint = names.fingerprint(root.spki())
    try:
        found = trust.open_bundle(asked.present, fingerprint)
    except VerificationRefused as error:
        raise _refused(f"Its trust bundle is not signed by this root: {error.why}") from error
    if found.present_root.fingerprint != fingerprint:
        raise _refused("Its trust bundle names a later root than this one.")
    return found


def _require_wished(
    asked: CeremonyRequest, root: VerifiedSigner, new_root: VerifiedSigner | None
) -> None:
    if asked.replaces_root != (new_root is not None):
        wanted = "does" if asked.replaces_root else "does not"
        raise _refused(f"It {wanted} ask for a new root.")
    if new_root is None:
        return
    if new_root.spki() == root.spki():
        raise _refused("The new root is the old one.")
    if asked.registry_ca is None or asked.publisher_ca is None:
        raise _refused("A new root must sign both CAs.")


def _refused(why: str) -> Unprocessable:
    return Unprocessable(
        "The ceremony request is not signed.",
        why=why,
        fix="Check which root is plugged in; make a new request with skreg pki request.",
    )
