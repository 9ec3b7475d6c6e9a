"""The sequencer: gives waiting requests their index, publishes the log, notes the checkpoint."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from skillpkg.types import SignerKind
from skreg.bootstrap import WorkerContainer
from skreg.db.pool import Connection
from skreg.db.queries import log
from skreg.db.queries.log import Pending
from skreg.pki.state import PkiState
from skreg.publish.log import entries
from skreg.publish.log.entries import PackageEvent, SignedArchive
from skreg.publish.log.sequencer import integrate
from skreg.publish.pipeline_keys import log_keys

BATCH = 256
"""Entries that are given their index in one transaction."""


async def sequence(container: WorkerContainer, connection: Connection, state: PkiState) -> int:
    """Publish every waiting request; returns the size of the log then.

    The caller holds the publication lock on ``connection``. Indexes are committed before
    anything is signed, so a killed run leaves entries that the next one publishes unchanged.
    """
    while await _give_indexes(container, connection, state):
        pass
    size = await log.next_index(connection)
    if size == 0:
        return 0

    async def read(start: int, end: int) -> Sequence[bytes]:
        return await log.entries(connection, start, end)

    keys = log_keys(container.keys, state, container.clock())
    note = await integrate(container.storage, keys, read, size)
    await connection.rollback()
    if size > await log.noted_size(connection):
        await log.save_checkpoint(connection, size, note)
    await connection.commit()
    return size


async def _give_indexes(
    container: WorkerContainer, connection: Connection, state: PkiState
) -> bool:
    waiting = await log.pending(connection, BATCH)
    last = await log.last_time(connection)
    index = await log.next_index(connection)
    now = container.clock().replace(microsecond=0)
    for position, item in enumerate(waiting, index):
        last = entries.stamp(now, last)
        entry = await _entry(connection, state.registry_id, item, last)
        await log.append(connection, item, position, entry, last)
    await connection.commit()
    return bool(waiting)


async def _entry(connection: Connection, registry: str, item: Pending, time: datetime) -> bytes:
    if item.package_id is None:
        return entries.about_trust(registry, time, item.payload)
    chain = await log.chain_of(connection, item.package_id)
    namespace, name = item.namespace or "", item.name or ""
    event = PackageEvent(registry, namespace, name, chain.seq + 1, chain.prev, time)
    if item.kind == "publish":
        return entries.publish(event, _archive(item))
    if item.kind == "submitted":
        return entries.submitted(event, _archive(item), _sha256(item.signature))
    if item.kind == "transfer":
        return entries.transfer(event, str(item.payload["to"]), str(item.payload["to_name"]))
    return _PACKAGE[item.kind](event, item.version or "", item.sha256 or "")


def _archive(item: Pending) -> SignedArchive:
    return SignedArchive(
        version=item.version or "",
        sha256=item.sha256 or "",
        content_digest=item.content_digest or "",
        size=item.size or 0,
        signer=SignerKind.from_json(dict(item.signer or {})),
        leaf=_sha256(item.leaf),
    )


def _sha256(data: bytes | None) -> str:
    return hashlib.sha256(data or b"").hexdigest()


_PACKAGE: dict[str, Callable[[PackageEvent, str, str], bytes]] = {
    "yank": entries.yank,
    "unyank": entries.unyank,
    "withdraw": entries.withdraw,
}
"""Kinds of entries that speak of one version by its hash."""
