"""Decides what is due and does it: the leaf before it expires, CRLs twice a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509

from skillpkg.canonical_json import JsonObject
from skreg.errors import SigningRefused
from skreg.pki.crl import crl_entry, issue_crl
from skreg.pki.issue import issued_entry, registry_leaf
from skreg.pki.keys import PkiKeys
from skreg.pki.profiles import CLOCK_SKEW
from skreg.pki.state import (
    REGISTRY_CA,
    ROOT,
    Authority,
    PkiChange,
    PkiState,
    certificate_spki,
)

LEAF_MARGIN = timedelta(days=30)
CRL_INTERVAL = timedelta(hours=12)
ROOT_CRL_MARGIN = timedelta(days=60)
INTERMEDIATE_MARGIN = timedelta(days=460)
"""An intermediate must outlive the longest leaf that it may still issue."""


@dataclass(frozen=True, slots=True)
class Due:
    """What must be issued now; ``crls`` are roles, root first."""

    leaf: bool
    crls: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.leaf or bool(self.crls)


def due(state: PkiState, keys: PkiKeys, now: datetime) -> Due:
    """Return what these keys should issue now; the root's CRL only when the root is at hand."""
    crls = [
        item.role
        for item in state.authorities
        if keys.of(item.role) is not None and _crl_is_due(item, now)
    ]
    return Due(leaf=_leaf_is_due(state, keys, now), crls=tuple(crls))


def renew(state: PkiState, keys: PkiKeys, now: datetime) -> PkiChange:
    """Issue what is due; the same state and no entries when nothing is.

    Raises:
        SigningRefused: the signing key itself was revoked as compromised; a new leaf for it
            would undo that.
        SigningUnavailable, KeyMissing, KeyDisabled: from the backends.
    """
    wanted = due(state, keys, now)
    entries: list[JsonObject] = []
    if wanted.leaf:
        _refuse_compromised(state, keys)
        leaf = registry_leaf(state.registry_id, state.registry_ca, keys, now)
        state = replace(state, leaf=leaf)
        entries.append(issued_entry(state.registry_ca, leaf))
    for role in wanted.crls:
        state = with_next_crl(state, role, keys, now)
        entries.append(crl_entry(state.authority(role)))
    return PkiChange(state, tuple(entries))


def with_next_crl(state: PkiState, role: str, keys: PkiKeys, now: datetime) -> PkiState:
    """Return the state with the CA's next CRL."""
    issued = issue_crl(state.authority(role), keys.required(role), now)
    return with_authority(state, issued)


def with_authority(state: PkiState, authority: Authority) -> PkiState:
    """Return the state with one of its CAs replaced."""
    if authority.role == ROOT:
        return replace(state, root=authority)
    if authority.role == REGISTRY_CA:
        return replace(state, registry_ca=authority)
    return replace(state, publisher_ca=authority)


def warnings(state: PkiState, now: datetime) -> tuple[str, ...]:
    """Return what needs a person with the root, one sentence each."""
    found = [
        f"The {item.role} certificate ends {item.certificate.not_valid_after_utc:%Y-%m-%d}; "
        "run a ceremony for its successor: skreg pki rotate."
        for item in (state.registry_ca, state.publisher_ca)
        if item.certificate.not_valid_after_utc - now < INTERMEDIATE_MARGIN
    ]
    if _crl_is_due(state.root, now):
        found.append("The root's CRL ends soon; sign the next with the root: skreg pki crl.")
    return tuple(found)


def _leaf_is_due(state: PkiState, keys: PkiKeys, now: datetime) -> bool:
    return (
        state.leaf.not_valid_after_utc - now < LEAF_MARGIN
        or state.registry_ca.revocation_of(state.leaf.serial_number) is not None
        or certificate_spki(state.leaf) != keys.signing.spki()
    )


def _crl_is_due(authority: Authority, now: datetime) -> bool:
    if not authority.crl:
        return True
    crl = x509.load_der_x509_crl(authority.crl)
    ends = crl.next_update_utc
    if authority.role == ROOT:
        return ends is None or ends - now < ROOT_CRL_MARGIN
    return now - (crl.last_update_utc + CLOCK_SKEW) >= CRL_INTERVAL


def _refuse_compromised(state: PkiState, keys: PkiKeys) -> None:
    revocation = state.registry_ca.revocation_of(state.leaf.serial_number)
    same_key = certificate_spki(state.leaf) == keys.signing.spki()
    if revocation is not None and revocation.reason == "keyCompromise" and same_key:
        raise SigningRefused(
            "The signing key was revoked as compromised and is still configured.",
            why=f"{keys.signing.key_ref} is the key of the revoked leaf "
            f"{state.leaf.serial_number:x}.",
            fix="Create a new key and point SIGNING_KEY_URI at it.",
        )
