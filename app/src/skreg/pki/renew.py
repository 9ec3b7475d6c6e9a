"""Decides what is due and does it: the leaf before it expires, CRLs twice a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from skillpkg.canonical_json import JsonObject
from skreg.errors import SigningRefused, SigningUnavailable
from skreg.pki.crl import crl_entry, issue_crl
from skreg.pki.issue import issued_entry, registry_leaf, with_leaf
from skreg.pki.keys import PkiKeys
from skreg.pki.profiles import CLOCK_SKEW
from skreg.pki.state import (
    ROOT,
    Authority,
    PkiChange,
    PkiState,
    certificate_spki,
    with_authority,
)

LEAF_MARGIN = timedelta(days=30)
CRL_INTERVAL = timedelta(hours=12)
ROOT_CRL_MARGIN = timedelta(days=60)
INTERMEDIATE_MARGIN = timedelta(days=460)
"""An intermediate must outlive the longest leaf that it may still issue."""


@dataclass(frozen=True, slots=True)
class Due:
    """What must be issued now; ``crls`` are roles, or the ids of replaced CAs, root first."""

    leaf: bool
    crls: tuple[str, ...]

    def __bool__(self) -> bool:
        return self.leaf or bool(self.crls)


def due(state: PkiState, keys: PkiKeys, now: datetime) -> Due:
    """Return what these keys should issue now; a root's CRL only when that root is at hand."""
    present = [
        item.role for item in state.authorities if _is_ours(item, keys) and crl_is_due(item, now)
    ]
    former = [
        item.ca_id
        for item in state.former
        if keys.holding(certificate_spki(item.certificate)) and crl_is_due(item, now)
    ]
    return Due(leaf=_leaf_is_due(state, keys, now), crls=(*present, *former))


def _is_ours(authority: Authority, keys: PkiKeys) -> bool:
    """Whether this process should issue a present CA's CRL; a root is at hand or it is not."""
    spki = certificate_spki(authority.certificate)
    return authority.role != ROOT or keys.holding(spki) is not None


def renew(state: PkiState, keys: PkiKeys, now: datetime) -> PkiChange:
    """Issue what is due; the same state and no entries when nothing is.

    Raises:
        SigningRefused: the signing key itself was revoked as compromised; a new leaf for it
            would undo that.
        KeyMismatch: a CA's configured key is not that of its certificate.
        SigningUnavailable, KeyMissing, KeyDisabled: from the backends.
    """
    return issue(state, keys, due(state, keys, now), now)


def issue(state: PkiState, keys: PkiKeys, wanted: Due, now: datetime) -> PkiChange:
    """Issue a leaf and CRLs, whether they are due or not; errors as ``renew``."""
    entries: list[JsonObject] = []
    if wanted.leaf:
        _refuse_compromised(state, keys)
        leaf = registry_leaf(state.registry_id, state.registry_ca, keys, now)
        state = with_leaf(state, leaf, now)
        entries.append(issued_entry(state.registry_ca, leaf))
    for name in wanted.crls:
        state = with_next_crl(state, name, keys, now)
        entries.append(crl_entry(state.authority(name)))
    return PkiChange(state, tuple(entries))


def with_next_crl(state: PkiState, name: str, keys: PkiKeys, now: datetime) -> PkiState:
    """Return the state with the next CRL of a CA, by its role or id."""
    authority = state.authority(name)
    return with_authority(state, issue_crl(authority, keys.for_authority(authority), now))


def warnings(state: PkiState, now: datetime) -> tuple[str, ...]:
    """Return what needs a person, one sentence each, with the command to begin with."""
    found = [
        f"The {item.role} certificate ends {item.certificate.not_valid_after_utc:%Y-%m-%d}; "
        f"give it a successor: skreg pki rotate {item.role}."
        for item in (state.registry_ca, state.publisher_ca)
        if item.certificate.not_valid_after_utc - now < INTERMEDIATE_MARGIN
    ]
    if crl_is_due(state.root, now):
        found.append(
            "The root's CRL ends soon; have the root sign the next: start a worker once with "
            "ROOT_MODE=managed, or: skreg pki request."
        )
    found += [
        f"The CRL of the replaced {item.role} {item.ca_id} is overdue; give the worker its key "
        "in FORMER_KEY_URIS."
        for item in state.former
        if _is_overdue(item, now)
    ]
    return tuple(found)


def unrenewable(state: PkiState, keys: PkiKeys, now: datetime) -> SigningUnavailable | None:
    """Return which lists are due while nobody here has their key; None when all is renewed.

    A list that ends makes every client refuse what was signed under its CA, so it is told early:
    a root's 60 days before, a replaced CA's when it is a day late.
    """
    late = [item for item in state.former if _is_overdue(item, now)]
    if crl_is_due(state.root, now):
        late.insert(0, state.root)
    late = [item for item in late if keys.holding(certificate_spki(item.certificate)) is None]
    if not late:
        return None
    return SigningUnavailable(
        "A revocation list cannot be renewed.",
        why="Not at hand is the key of: "
        + ", ".join(f"{item.role} {item.ca_id}, list until {_end(item)}" for item in late)
        + ".",
        fix="Run skreg pki status: it says what brings each key to its next list.",
    )


def _end(authority: Authority) -> str:
    if not authority.crl:
        return "never issued"
    return f"{x509.load_der_x509_crl(authority.crl).next_update_utc:%Y-%m-%d}"


def _leaf_is_due(state: PkiState, keys: PkiKeys, now: datetime) -> bool:
    leaf = state.leaf_of(keys.signing.spki())
    if leaf is None or state.revocation_of(leaf) is not None:
        return True
    return leaf.not_valid_after_utc - now < LEAF_MARGIN


def crl_is_due(authority: Authority, now: datetime) -> bool:
    """Tell whether a CA's next CRL should be issued now; never for one that was its last."""
    if not authority.crl:
        return True
    crl = x509.load_der_x509_crl(authority.crl)
    ends = crl.next_update_utc
    if ends == authority.certificate.not_valid_after_utc:
        return False
    if authority.role == ROOT:
        return ends is None or ends - now < ROOT_CRL_MARGIN
    return now - (crl.last_update_utc + CLOCK_SKEW) >= CRL_INTERVAL


def _is_overdue(authority: Authority, now: datetime) -> bool:
    return crl_is_due(authority, now - 2 * CRL_INTERVAL)


def _refuse_compromised(state: PkiState, keys: PkiKeys) -> None:
    leaf = state.leaf_of(keys.signing.spki())
    revocation = None if leaf is None else state.revocation_of(leaf)
    if leaf is not None and revocation is not None and revocation.reason == "keyCompromise":
        raise SigningRefused(
            "The signing key was revoked as compromised and is still configured.",
            why=f"{keys.signing.key_ref} is the key of the revoked leaf {leaf.serial_number:x}.",
            fix="Create a new key and point SIGNING_KEY_URI at it.",
        )
