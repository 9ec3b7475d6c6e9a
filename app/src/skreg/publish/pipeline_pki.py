"""Keeps the PKI whole: made on first start where the root is at hand, renewed when due.

Runs under the publication lock. The new state is stored, with its log entries asked for, before
anything of it is written to the read plane.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import names
from skreg.bootstrap import WorkerContainer
from skreg.db.pool import Connection
from skreg.db.queries import log, pki
from skreg.errors import SkregError
from skreg.pki import ceremony, state_json
from skreg.pki.bundle import BundleFacts
from skreg.pki.ceremony_json import grant_from_bytes
from skreg.pki.objects import publish_objects
from skreg.pki.renew import renew, unrenewable
from skreg.pki.state import PkiChange, PkiState
from skreg.pki.successors import succeed_at_hand
from skreg.publish.static import WellKnown, write_well_known


async def load(connection: Connection) -> PkiState | None:
    """Return the stored PKI; None before the ceremony."""
    stored = await pki.read(connection, pki.STATE)
    return None if stored is None else state_json.from_bytes(stored)


@dataclass(frozen=True, slots=True)
class Kept:
    """The PKI to go on with; ``failure`` is why something of it could not be renewed."""

    state: PkiState
    failure: SkregError | None = None


async def ensure(container: WorkerContainer, connection: Connection) -> Kept | None:
    """Make the PKI, install a grant or renew what is due; None while a ceremony is awaited.

    What cannot be renewed now is told, and does not keep what still holds from being used.

    Raises:
        SigningUnavailable, SigningRefused: from the keys' backends, when there is nothing good
            to go on with; nothing was changed.
    """
    present = await load(connection)
    granted = await pki.read(connection, pki.GRANT)
    await connection.rollback()
    try:
        change = await asyncio.to_thread(_change, container, present, granted)
    except SkregError as error:
        if present is None or not _holds(present, container):
            raise
        return await _without_grant(container, connection, present, granted, error)
    if change is None:
        return None
    await store(connection, change, present, answered=root_has_signed(change, present))
    return Kept(change.state, unrenewable(change.state, container.keys, container.clock()))


async def store(
    connection: Connection,
    change: PkiChange,
    present: PkiState | None,
    *,
    answered: bool = False,
) -> None:
    """Keep a changed state with the log entries that tell of it, in one transaction.

    Args:
        answered: no request or grant waits any longer, see `root_has_signed`.
    """
    if change.state is not present:
        await pki.save(connection, pki.STATE, state_json.to_bytes(change.state))
        for entry in change.entries:
            await _ask_for_entry(connection, entry)
    if answered:
        await pki.save(connection, pki.GRANT, b"")
        await pki.save(connection, pki.REQUEST, b"")
    await connection.commit()


def root_has_signed(change: PkiChange, present: PkiState | None) -> bool:
    """Whether a change holds the root's next list: a request from before would be refused now."""
    return present is None or change.state.root.crl_number != present.root.crl_number


async def _without_grant(
    container: WorkerContainer,
    connection: Connection,
    present: PkiState,
    granted: bytes | None,
    error: SkregError,
) -> Kept:
    """Go on with the present state; a grant that does not fit must not stop the renewals."""
    if granted:
        try:
            change = await asyncio.to_thread(_change, container, present, None)
        except SkregError as second:
            error = second
        else:
            await store(connection, change or PkiChange(present), present)
            return Kept(change.state if change else present, error)
    return Kept(present, error)


def _change(
    container: WorkerContainer, present: PkiState | None, granted: bytes | None
) -> PkiChange | None:
    keys, now = container.keys, container.clock()
    if granted:
        return ceremony.install(grant_from_bytes(granted), keys, now, present)
    if present is not None:
        return succeed_at_hand(present, keys, now) or renew(present, keys, now)
    if keys.root is None:
        return None
    return ceremony.establish(keys, keys.root, now, BundleFacts(redirect_hosts=_hosts(container)))


def _holds(state: PkiState, container: WorkerContainer) -> bool:
    """Whether this process can sign what clients believe without anything new."""
    leaf = state.leaf_of(container.keys.signing.spki())
    if leaf is None or state.revocation_of(leaf) is not None:
        return False
    return leaf.not_valid_after_utc > container.clock()


def _hosts(container: WorkerContainer) -> tuple[str, ...]:
    given = container.settings.redirect_hosts.split(",")
    return tuple(item.strip().lower() for item in given if item.strip())


async def _ask_for_entry(connection: Connection, entry: JsonObject) -> None:
    digest = hashlib.sha256(canonical_json.dumps(entry)).hexdigest()
    kind = str(entry["type"])
    await log.request(connection, kind, f"pki:{kind}:{digest}", payload=entry)


async def write(container: WorkerContainer, state: PkiState) -> None:
    """Write CRLs, trust bundle and the well-known file; the same again changes nothing."""
    await publish_objects(state, container.storage)
    settings = container.settings
    facts = WellKnown(
        registry_id=state.registry_id,
        api_url=settings.public_url,
        read_urls=[settings.cdn_base_url or settings.public_url],
        log_origin=names.log_origin(state.registry_id),
        root_fingerprints=[state.root_fingerprint],
    )
    await write_well_known(container.storage, facts)
