"""The ceremony: the online keys ask, the root grants, the registry installs what was granted.

The three steps can run on three machines (an offline root sees only the request's bytes), or at
once with ``establish`` when the root is a key that this process may use. The first ceremony makes
the registry; every later one makes a successor of what the request asks for, and a fresh root CRL.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives import serialization

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import names, note, trust
from skreg.pki.bundle import BundleFacts, bundle_entry, facts_of
from skreg.pki.crl import crl_entry, issue_crl
from skreg.pki.grant import grant
from skreg.pki.inspect import require_sound
from skreg.pki.issue import issued_entry, registry_leaf
from skreg.pki.keys import PkiKeys
from skreg.pki.offer import NO_FACTS, CeremonyGrant, CeremonyRequest
from skreg.pki.profiles import certificate_request
from skreg.pki.state import (
    PUBLISHER_CA,
    REGISTRY_CA,
    ROOT,
    Authority,
    PkiChange,
    PkiState,
    Revocation,
    certificate_spki,
)
from skreg.pki.succession import own, succeed
from skreg.signing import VerifiedSigner

__all__ = [
    "NO_FACTS",
    "CeremonyGrant",
    "CeremonyRequest",
    "establish",
    "grant",
    "install",
    "request",
]


def request(
    keys: PkiKeys,
    facts: BundleFacts | None = None,
    state: PkiState | None = None,
    *,
    revocations: Sequence[Revocation] = (),
    replaces_root: bool = False,
) -> CeremonyRequest:
    """Return what the root is asked to sign, with a proof of possession of each new key.

    Args:
        facts: what the next bundle says; by default what the present one does.
        state: None before the first ceremony; else only what differs from it is asked for.
        revocations: intermediates to revoke, beyond those that are.
        replaces_root: ask for both intermediates anew, for a root that succeeds the present one.
    """
    if state is None:
        return CeremonyRequest(
            registry_ca=_request(keys.registry_ca, "skreg registry CA"),
            publisher_ca=_request(keys.publisher_ca, "skreg publisher CA"),
            log=_request(keys.log, "skreg log"),
            facts=facts or NO_FACTS,
        )
    bundle = trust.open_bundle(state.bundle, state.root_fingerprint)
    listed = {item.serial for item in revocations}
    kept = (item for item in state.root.revocations if item.serial not in listed)
    return CeremonyRequest(
        registry_ca=_when_new(state, REGISTRY_CA, keys.registry_ca, replaces_root),
        publisher_ca=_when_new(state, PUBLISHER_CA, keys.publisher_ca, replaces_root),
        log=None if _is_named(bundle, keys.log) else _request(keys.log, "skreg log"),
        facts=facts or facts_of(bundle),
        present=state.bundle,
        root_crl_number=state.root.crl_number,
        revocations=(*kept, *revocations),
        replaces_root=replaces_root,
    )


def install(
    granted: CeremonyGrant, keys: PkiKeys, now: datetime, state: PkiState | None = None
) -> PkiChange:
    """Build the state that follows from a grant: the first one, or the successor of ``state``.

    Raises:
        KeyMismatch: a certificate, or the bundle's log key, is for another key than the one
            configured here.
        ConfigurationInvalid: the root's certificates, CRL and bundle do not belong together, or
            not to this state.
    """
    if state is not None:
        return succeed(state, granted, keys, now)
    registry_ca = own(REGISTRY_CA, granted.registry_ca, keys.registry_ca)
    publisher_ca = own(PUBLISHER_CA, granted.publisher_ca, keys.publisher_ca)
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
    """Run the whole first ceremony with a root that this process may use."""
    return install(grant(request(keys, facts), root, now), keys, now)


def _request(signer: VerifiedSigner, common_name: str) -> bytes:
    asked = certificate_request(signer, common_name)
    return asked.public_bytes(serialization.Encoding.DER)


def _when_new(state: PkiState, role: str, signer: VerifiedSigner, again: bool) -> bytes | None:
    """Return a request for a key that no CA has had; ``again`` for the present one too."""
    known = {item.ca_id for item in state.every_authority}
    ours = names.ca_id(signer.spki())
    if ours in known and not (again and ours == state.authority(role).ca_id):
        return None
    return _request(signer, f"skreg {role}")


def _is_named(bundle: trust.TrustBundle, log: VerifiedSigner) -> bool:
    wanted = note.ecdsa_key_id(log.spki())
    return wanted in [key.verifier.key_id for key in bundle.logs]


def _first_entries(state: PkiState) -> tuple[JsonObject, ...]:
    issued = [
        issued_entry(state.root, state.registry_ca.certificate),
        issued_entry(state.root, state.publisher_ca.certificate),
        issued_entry(state.registry_ca, state.leaf),
    ]
    crls = [crl_entry(authority) for authority in state.authorities]
    return (bundle_entry(state.bundle, state.bundle_version), *issued, *crls)
