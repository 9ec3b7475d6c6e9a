"""The ceremony: the online keys ask, the root grants, the registry installs what was granted.

The three steps can run on three machines (an offline root sees only the request's bytes), or at
once with ``establish`` when the root is a key that this process may use.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import names
from skreg.errors import KeyMismatch
from skreg.pki.bundle import BundleFacts, bundle_entry, sign_bundle
from skreg.pki.crl import crl_entry, issue_crl
from skreg.pki.inspect import require_sound
from skreg.pki.issue import issued_entry, registry_leaf
from skreg.pki.keys import PkiKeys
from skreg.pki.profiles import (
    Issuer,
    certificate_request,
    intermediate_certificate,
    requested_key,
    root_certificate,
)
from skreg.pki.state import (
    PUBLISHER_CA,
    REGISTRY_CA,
    ROOT,
    Authority,
    PkiChange,
    PkiState,
    certificate_spki,
)
from skreg.signing import VerifiedSigner, spki_of

NO_FACTS = BundleFacts()
"""A bundle that allows no redirect and any client."""


@dataclass(frozen=True, slots=True)
class CeremonyRequest:
    """What the registry asks of its root: three DER requests and the bundle's facts."""

    registry_ca: bytes
    publisher_ca: bytes
    log: bytes
    facts: BundleFacts = NO_FACTS


@dataclass(frozen=True, slots=True)
class CeremonyGrant:
    """What the root signed: three certificates, its CRL (DER) and the trust bundle."""

    root: x509.Certificate
    registry_ca: x509.Certificate
    publisher_ca: x509.Certificate
    root_crl: bytes
    bundle: bytes


def request(keys: PkiKeys, facts: BundleFacts = NO_FACTS) -> CeremonyRequest:
    """Return what the root is asked to sign, with a proof of possession of each key."""
    return CeremonyRequest(
        registry_ca=_request(keys.registry_ca, "skreg registry CA"),
        publisher_ca=_request(keys.publisher_ca, "skreg publisher CA"),
        log=_request(keys.log, "skreg log"),
        facts=facts,
    )


def grant(asked: CeremonyRequest, root: VerifiedSigner, now: datetime) -> CeremonyGrant:
    """Sign a request with the root.

    Raises:
        Unprocessable: a request that does not show possession of its P-256 key.
    """
    registry_id = names.registry_id(root.spki())
    certificate = root_certificate(root, f"skreg root {registry_id}", now)
    issuer = Issuer(certificate, root)
    crl = issue_crl(Authority(ROOT, certificate), root, now).crl
    log_spki = spki_of(requested_key(asked.log))
    return CeremonyGrant(
        root=certificate,
        registry_ca=_intermediate(issuer, asked.registry_ca, REGISTRY_CA, now),
        publisher_ca=_intermediate(issuer, asked.publisher_ca, PUBLISHER_CA, now),
        root_crl=crl,
        bundle=sign_bundle(root, certificate, log_spki, asked.facts, now),
    )


def install(granted: CeremonyGrant, keys: PkiKeys, now: datetime) -> PkiChange:
    """Build the first state from a grant: the signing leaf and the CAs' first CRLs.

    Raises:
        KeyMismatch: a certificate, or the bundle's log key, is for another key than the one
            configured here.
        ConfigurationInvalid: the root's certificates, CRL and bundle do not belong together.
    """
    registry_ca = _own(REGISTRY_CA, granted.registry_ca, keys.registry_ca)
    publisher_ca = _own(PUBLISHER_CA, granted.publisher_ca, keys.publisher_ca)
    registry_id = names.registry_id(certificate_spki(granted.root))
    state = PkiState(
        root=Authority(ROOT, granted.root, crl_number=1, crl=granted.root_crl),
        registry_ca=issue_crl(registry_ca, keys.registry_ca, now),
        publisher_ca=issue_crl(publisher_ca, keys.publisher_ca, now),
        leaf=registry_leaf(registry_id, registry_ca, keys, now),
        bundle=granted.bundle,
        bundle_version=1,
    )
    require_sound(state, keys, now)
    return PkiChange(state, _first_entries(state))


def establish(
    keys: PkiKeys, root: VerifiedSigner, now: datetime, facts: BundleFacts = NO_FACTS
) -> PkiChange:
    """Run the whole ceremony with a root that this process may use."""
    return install(grant(request(keys, facts), root, now), keys, now)


def _request(signer: VerifiedSigner, common_name: str) -> bytes:
    asked = certificate_request(signer, common_name)
    return asked.public_bytes(serialization.Encoding.DER)


def _intermediate(root: Issuer, asked: bytes, role: str, now: datetime) -> x509.Certificate:
    registry_id = names.registry_id(certificate_spki(root.certificate))
    policy = names.REGISTRY_SIGNED if role == REGISTRY_CA else names.PUBLISHER_SIGNED
    return intermediate_certificate(
        root, requested_key(asked), f"skreg {registry_id} {role}", policy, now
    )


def _own(role: str, certificate: x509.Certificate, signer: VerifiedSigner) -> Authority:
    if certificate_spki(certificate) != signer.spki():
        raise KeyMismatch(
            "A granted certificate is for another key than the one configured.",
            why=f"The {role} certificate does not carry the public key of {signer.key_ref}.",
            fix="Make a new request with skreg pki request and have it signed.",
        )
    return Authority(role, certificate)


def _first_entries(state: PkiState) -> tuple[JsonObject, ...]:
    issued = [
        issued_entry(state.root, state.registry_ca.certificate),
        issued_entry(state.root, state.publisher_ca.certificate),
        issued_entry(state.registry_ca, state.leaf),
    ]
    crls = [crl_entry(authority) for authority in state.authorities]
    return (bundle_entry(state.bundle, state.bundle_version), *issued, *crls)
