"""Writes a logged version's objects: archive, signature, release record."""

from __future__ import annotations

from collections.abc import Mapping

from skreg.bootstrap import WorkerContainer
from skreg.db.pool import Connection
from skreg.db.queries import work
from skreg.db.queries.work import WorkItem
from skreg.publish.log.published import inclusion_proofs
from skreg.publish.log.sequencer import read_note
from skreg.publish.sign.release import Proven, Release
from skreg.publish.sign.writer import ArchivePlace, write_archive, write_release, write_signature
from skreg.publish.staging import staging_key

BATCH = 32


async def release(container: WorkerContainer, connection: Connection, size: int) -> None:
    """Write the objects of every logged version; ``size`` entries are under the checkpoint.

    The release record is kept in the row before it is written: it would differ under the next
    checkpoint, and what stands in the store must be what the index will hash.
    """
    while items := await work.to_release(connection, BATCH):
        await connection.rollback()
        await _keep_records(container, connection, items, size)
        for item in items:
            await _write(container, connection, item.id)


async def _keep_records(
    container: WorkerContainer, connection: Connection, items: list[WorkItem], size: int
) -> None:
    fresh = [item for item in items if item.release is None]
    note = await read_note(container.storage)
    if not fresh or note is None:
        return
    proofs = await _proofs(container, fresh, size)
    for item in fresh:
        record = Release(
            signature=item.signature or b"",
            chain=tuple(item.chain or ()),
            published=Proven(item.entry or b"", item.log_index or 0, proofs[item.log_index or 0]),
            checkpoint=note,
            submitted=_submitted(item, proofs),
        )
        await work.keep_release(connection, item.id, record.to_bytes())
    await connection.commit()


async def _proofs(
    container: WorkerContainer, items: list[WorkItem], size: int
) -> Mapping[int, list[bytes]]:
    """Return the inclusion proofs of all that the records need, by the entry's index."""
    wanted = {item.log_index or 0 for item in items}
    wanted |= {item.submitted_index for item in items if item.submitted_index is not None}
    indexes = sorted(wanted)
    proofs = await inclusion_proofs(container.storage, indexes, size)
    return dict(zip(indexes, proofs, strict=True))


def _submitted(item: WorkItem, proofs: Mapping[int, list[bytes]]) -> Proven | None:
    if not item.is_publishers or item.submitted is None or item.submitted_index is None:
        return None
    return Proven(item.submitted, item.submitted_index, proofs[item.submitted_index])


async def _write(container: WorkerContainer, connection: Connection, version: int) -> None:
    item = await work.item(connection, version)
    await connection.rollback()
    if item is None or item.release is None or item.signature is None:
        return
    place = ArchivePlace(item.namespace, item.name, item.version, item.sha256)
    data = await container.staging.get(staging_key(item.sha256))
    await write_archive(container.storage, place, data)
    await write_signature(container.storage, place, item.signature)
    await write_release(container.storage, place, item.release)
    await work.mark_released(connection, item.id)
    await connection.commit()
