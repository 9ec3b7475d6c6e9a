"""Keeps the PKI whole: made on first start where the root is at hand, renewed when due.

Runs under the publication lock. The new state is stored, with its log entries asked for, before
anything of it is written to the read plane.
"""

from __future__ import annotations

import hashlib

from sqlalchemy.ext.asyncio import AsyncConnection

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import names
from skreg.bootstrap import WorkerContainer
from skreg.db.queries import log, pki
from skreg.pki import ceremony, state_json
from skreg.pki.bundle import BundleFacts
from skreg.pki.objects import publish_objects
from skreg.pki.renew import renew
from skreg.pki.state import PkiChange, PkiState
from skreg.publish.static import WellKnown, write_well_known


async def load(connection: AsyncConnection) -> PkiState | None:
    """Return the stored PKI; None before the ceremony."""
    stored = await pki.read(connection, pki.STATE)
    return None if stored is None else state_json.from_bytes(stored)


async def ensure(container: WorkerContainer, connection: AsyncConnection) -> PkiState | None:
    """Make the PKI or renew what is due, and store the change; None while a ceremony is awaited.

    Raises:
        SigningUnavailable, SigningRefused: from the keys' backends; nothing was changed.
    """
    present = await load(connection)
    change = await _change(container, connection, present)
    if change is None:
        return None
    if change.state is not present:
        await pki.save(connection, pki.STATE, state_json.to_bytes(change.state))
        for entry in change.entries:
            await _ask_for_entry(connection, entry)
    await connection.commit()
    return change.state


async def _change(
    container: WorkerContainer, connection: AsyncConnection, present: PkiState | None
) -> PkiChange | None:
    keys, now = container.keys, container.clock()
    if present is not None:
        return renew(present, keys, now)
    facts = BundleFacts(redirect_hosts=_hosts(container))
    if keys.root is not None:
        return ceremony.establish(keys, keys.root, now, facts)
    return await _from_grant(container, connection)


async def _from_grant(container: WorkerContainer, connection: AsyncConnection) -> PkiChange | None:
    """Install what an offline root has signed, once ``skreg pki install`` has brought it."""
    from skreg.pki.ceremony_json import grant_from_bytes

    stored = await pki.read(connection, pki.GRANT)
    if stored is None:
        return None
    return ceremony.install(grant_from_bytes(stored), container.keys, container.clock())


def _hosts(container: WorkerContainer) -> tuple[str, ...]:
    given = container.settings.redirect_hosts.split(",")
    return tuple(item.strip().lower() for item in given if item.strip())


async def _ask_for_entry(connection: AsyncConnection, entry: JsonObject) -> None:
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
