"""What the registry's own keys issue on demand: renewals, CRLs, revocations, successors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from skreg.bootstrap import utc_now
from skreg.ceremonies.asking import write_request
from skreg.ceremonies.offline import open_root
from skreg.ceremonies.place import Work, is_local, keep, with_keys
from skreg.errors import Conflict
from skreg.pki.ceremony import grant, install, request
from skreg.pki.local import create_successor
from skreg.pki.offer import CeremonyRequest
from skreg.pki.renew import Due, due, issue
from skreg.pki.revoke import revoke
from skreg.pki.state import PUBLISHER_CA, REGISTRY_CA, ROOT, PkiState, certificate_spki
from skreg.up_layout import layout_of

SIGNING, LOG = "signing", "log"
ROLES = (SIGNING, REGISTRY_CA, PUBLISHER_CA, LOG, ROOT)
VARIABLES = {
    SIGNING: "SIGNING_KEY_URI",
    REGISTRY_CA: "REGISTRY_CA_KEY_URI",
    PUBLISHER_CA: "PUBLISHER_CA_KEY_URI",
    LOG: "LOG_KEY_URI",
}


def renew_now(data: Path | None, *, everything: bool = False) -> list[str]:
    """Issue what is due: leaf and CRLs; with ``everything`` whether they are due or not."""

    async def work(found: Work) -> list[str]:
        state, now = found.required(), utc_now()
        wanted = due(state, found.keys, now)
        if everything:
            wanted = Due(leaf=True, crls=_at_hand(found, state))
        change = issue(state, found.keys, wanted, now)
        await keep(found, change)
        return _told(state, change.state)

    return with_keys(data, work)


def issue_crls(data: Path | None) -> list[str]:
    """Issue the next CRL of every CA whose key is at hand, and say which are not."""

    async def work(found: Work) -> list[str]:
        state, names = found.required(), _at_hand(found, found.required())
        change = issue(state, found.keys, Due(leaf=False, crls=names), utc_now())
        await keep(found, change)
        absent = [item for item in state.authorities if item.role not in names]
        lines = [
            f"{item.role} is not at hand; have its root sign: skreg pki request" for item in absent
        ]
        return [*_told(state, change.state), *lines]

    return with_keys(data, work)


def revoke_now(
    data: Path | None, role: str, serial: int, reason: str, since: datetime | None
) -> list[str]:
    """Revoke a certificate and issue the CA's next CRL; errors as ``skreg.pki.revoke``."""

    async def work(found: Work) -> list[str]:
        state = found.required()
        change = revoke(state, found.keys, role, serial, utc_now(), reason=reason, since=since)
        await keep(found, change)
        return _told(state, change.state)

    return with_keys(data, work)


@dataclass(frozen=True, slots=True)
class Rotation:
    """What is to be replaced.

    Attributes:
        role: one of ``ROLES``.
        new_root: the new root's URI; empty makes one in a ``skreg up`` folder.
        out: where the request is written when the root is elsewhere.
    """

    role: str
    new_root: str = ""
    out: Path = Path("request.json")


def rotate(data: Path | None, wanted: Rotation) -> list[str]:
    """Give a key its successor, or ask its root to.

    Raises:
        Conflict: the settings still name the present key.
    """
    if is_local(data):
        uri = create_successor(layout_of(data).keys, wanted.role)
        wanted = replace(wanted, new_root=uri if wanted.role == ROOT else "")
    lines = with_keys(data, lambda found: _rotate(found, wanted))
    if is_local(data):
        lines.append("Next: start skreg up again, so that the worker signs with the new key.")
    return lines


async def _rotate(found: Work, wanted: Rotation) -> list[str]:
    state = found.required()
    if wanted.role == SIGNING:
        return await _new_leaf(found, state)
    asked = request(found.keys, None, state, replaces_root=wanted.role == ROOT)
    if wanted.role != ROOT and _part(asked, wanted.role) is None:
        raise _unchanged(wanted.role)
    root = found.keys.holding(certificate_spki(state.root.certificate))
    if root is None or (wanted.role == ROOT and not wanted.new_root):
        return await write_request(found, asked, wanted.out)
    now = utc_now()
    new_root = open_root(wanted.new_root) if wanted.role == ROOT else None
    change = install(grant(asked, root, now, new_root), found.keys, now, state)
    await keep(found, change)
    return _told(state, change.state)


async def _new_leaf(found: Work, state: PkiState) -> list[str]:
    if certificate_spki(state.leaf) == found.keys.signing.spki():
        raise _unchanged(SIGNING)
    change = issue(state, found.keys, Due(leaf=True, crls=()), utc_now())
    await keep(found, change)
    return _told(state, change.state)


def _part(asked: CeremonyRequest, role: str) -> bytes | None:
    parts = {REGISTRY_CA: asked.registry_ca, PUBLISHER_CA: asked.publisher_ca, LOG: asked.log}
    return parts[role]


def _unchanged(role: str) -> Conflict:
    variable = VARIABLES[role]
    keeps = "" if role == SIGNING else " and the present one in FORMER_KEY_URIS"
    return Conflict(
        f"{variable} names the key in use.",
        why="A successor is another key, made beforehand in its KMS or token. A worker with a "
        "managed root takes a new one up by itself: skreg pki status shows whether it did.",
        fix=f"Make one, name it in {variable}{keeps}, and run this again with those settings.",
    )


def _at_hand(found: Work, state: PkiState) -> tuple[str, ...]:
    present = {item.ca_id: item.role for item in state.authorities}
    return tuple(
        present.get(item.ca_id, item.ca_id)
        for item in state.every_authority
        if found.keys.holding(certificate_spki(item.certificate)) is not None
        and not _is_closed(found, item.ca_id)
    )


def _is_closed(found: Work, ca_id: str) -> bool:
    """Whether a CA is a replaced root, whose last CRL was issued."""
    former = {item.ca_id: item.role for item in found.required().former}
    return former.get(ca_id) == ROOT


def _told(old: PkiState, new: PkiState) -> list[str]:
    """Return what a change issued, line by line."""
    lines = []
    if new.bundle_version != old.bundle_version:
        lines.append(f"trust bundle {new.bundle_version}, root {new.root_fingerprint}")
    if new.leaf != old.leaf:
        lines.append(
            f"signing leaf {new.leaf.serial_number:x} until {new.leaf.not_valid_after_utc:%Y-%m-%d}"
        )
    known = {item.ca_id: item.crl_number for item in old.every_authority}
    for item in new.every_authority:
        if known.get(item.ca_id) != item.crl_number:
            lines.append(f"{item.role:<12} {item.ca_id}: CRL {item.crl_number}")
    return lines or ["Nothing was due."]
