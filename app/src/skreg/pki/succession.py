"""Second generations: what a later grant replaces, and what of the old goes on.

What was signed under a replaced CA has to go on verifying: its CRL is still issued, by its old
key, and its certificate stays in the chains that were published. A root that is replaced leaves a
last CRL that holds as long as its certificate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cryptography import x509

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import trust
from skillpkg.errors import VerificationRefused
from skreg.errors import ConfigurationInvalid, KeyMismatch
from skreg.pki.bundle import bundle_entry
from skreg.pki.crl import crl_entry, issue_crl, number_of, revocations_in
from skreg.pki.inspect import require_sound
from skreg.pki.issue import issued_entry, registry_leaf, with_leaf
from skreg.pki.keys import PkiKeys
from skreg.pki.offer import CeremonyGrant
from skreg.pki.revoke import revoked_entry
from skreg.pki.state import (
    PUBLISHER_CA,
    REGISTRY_CA,
    ROOT,
    Authority,
    PkiChange,
    PkiState,
    certificate_spki,
    with_authority,
)
from skreg.signing import VerifiedSigner


def succeed(state: PkiState, granted: CeremonyGrant, keys: PkiKeys, now: datetime) -> PkiChange:
    """Build the state after ``state`` from a later grant.

    Raises:
        KeyMismatch: a certificate or the bundle's log key is for another key than configured.
        ConfigurationInvalid: the grant is not one for this state, or is older than it.
    """
    new = _with_root(state, granted)
    for role, certificate, signer in (
        (REGISTRY_CA, granted.registry_ca, keys.registry_ca),
        (PUBLISHER_CA, granted.publisher_ca, keys.publisher_ca),
    ):
        if certificate is not None:
            new = _with_ca(new, own(role, certificate, signer), signer, now)
    new = _with_bundle(new, granted)
    if new.registry_ca.ca_id != state.registry_ca.ca_id:
        new = with_leaf(new, registry_leaf(new.registry_id, new.registry_ca, keys, now), now)
    require_sound(new, keys, now)
    return PkiChange(new, _entries(state, new))


def own(role: str, certificate: x509.Certificate | None, signer: VerifiedSigner) -> Authority:
    """Return the CA that a granted certificate makes of a configured key.

    Raises:
        KeyMismatch: it is for another key.
    """
    if certificate is None or certificate_spki(certificate) != signer.spki():
        raise KeyMismatch(
            "A granted certificate is for another key than the one configured.",
            why=f"The {role} certificate does not carry the public key of {signer.key_ref}.",
            fix="Make a new request with skreg pki request and have it signed.",
        )
    return Authority(role, certificate)


def _with_root(state: PkiState, granted: CeremonyGrant) -> PkiState:
    if certificate_spki(granted.root) == certificate_spki(state.root.certificate):
        return replace(state, root=_with_crl(state.root, granted.root_crl))
    if not granted.last_crl or not granted.bundle:
        raise _not_for_this("It is by another root, and the present one did not sign for it.")
    old = _with_crl(state.root, granted.last_crl)
    first = Authority(ROOT, granted.root)
    return replace(state, root=_with_crl(first, granted.root_crl), former=(*state.former, old))


def _with_crl(authority: Authority, data: bytes) -> Authority:
    try:
        crl = x509.load_der_x509_crl(data)
        number, revocations = number_of(crl), revocations_in(crl)
    except (ValueError, x509.ExtensionNotFound) as error:
        raise _not_for_this(f"The root's CRL cannot be read: {error}.") from error
    if number <= authority.crl_number:
        raise _not_for_this(
            f"Its root CRL has number {number}, and number {authority.crl_number} is published."
        )
    return replace(authority, crl_number=number, crl=data, revocations=revocations)


def _with_ca(
    state: PkiState, granted: Authority, signer: VerifiedSigner, now: datetime
) -> PkiState:
    """Put a CA in its place; one with the same key goes on under its new certificate."""
    present = state.authority(granted.role)
    if granted.ca_id == present.ca_id:
        return with_authority(state, replace(present, certificate=granted.certificate))
    state = replace(state, former=(*state.former, present))
    return with_authority(state, issue_crl(granted, signer, now))


def _with_bundle(state: PkiState, granted: CeremonyGrant) -> PkiState:
    if not granted.bundle:
        return state
    try:
        bundle = trust.open_bundle(granted.bundle, state.root_fingerprint)
    except VerificationRefused as error:
        raise _not_for_this(error.why) from error
    if (bundle.version, bundle.registry_id) != (state.bundle_version + 1, state.registry_id):
        raise _not_for_this(
            f"Its trust bundle is number {bundle.version} of {bundle.registry_id}; number "
            f"{state.bundle_version + 1} of {state.registry_id} comes next."
        )
    return replace(
        state,
        bundle=granted.bundle,
        bundle_version=bundle.version,
        former_bundles=(*state.former_bundles, state.bundle),
    )


def _entries(old: PkiState, new: PkiState) -> tuple[JsonObject, ...]:
    found: list[JsonObject] = []
    if new.bundle_version != old.bundle_version:
        found.append(bundle_entry(new.bundle, new.bundle_version))
    for before, after in zip(old.authorities[1:], new.authorities[1:], strict=True):
        if before.certificate != after.certificate:
            found.append(issued_entry(new.root, after.certificate))
    if new.leaf != old.leaf:
        found.append(issued_entry(new.registry_ca, new.leaf))
    known = {item.ca_id: item for item in old.every_authority}
    for authority in new.every_authority:
        before_or_none = known.get(authority.ca_id)
        seen = before_or_none.revocations if before_or_none else ()
        fresh = [item for item in authority.revocations if item not in seen]
        found += [revoked_entry(authority.ca_id, item) for item in fresh]
        if before_or_none is None or before_or_none.crl_number != authority.crl_number:
            found.append(crl_entry(authority))
    return tuple(found)


def _not_for_this(why: str) -> ConfigurationInvalid:
    return ConfigurationInvalid(
        "The grant does not follow the PKI that stands.",
        why=why,
        fix="Make a new request with skreg pki request and have it signed.",
    )
