"""Removes what was withdrawn: the archive from store and staging, then from the CDN's edges.

Needs no signer and no lock of the publication: a takedown works while nothing can be signed. The
log entry and the signed index follow in their own step; until then a client that asks for the
archive finds nothing.
"""

from __future__ import annotations

from urllib.parse import quote

import structlog

from skreg.bootstrap import WorkerContainer
from skreg.db.pool import Connection
from skreg.db.queries import withdrawals
from skreg.db.queries.withdrawals import OpenWithdrawal
from skreg.errors import SkregError
from skreg.publish.sign.writer import ArchivePlace, withdraw_archive
from skreg.publish.staging import staging_key

BATCH = 32
_log = structlog.get_logger(__name__)


async def withdraw_waiting(container: WorkerContainer) -> int:
    """Bring every withdrawal that is due as far as it goes; returns how many were finished."""
    done = 0
    async with container.pool.connect() as connection:
        while items := await withdrawals.unfinished(connection, BATCH):
            for item in items:
                done += await _withdraw(container, connection, item)
            await connection.commit()
    return done


async def _withdraw(
    container: WorkerContainer, connection: Connection, item: OpenWithdrawal
) -> bool:
    """Remove one; a failure is kept in its row and tried again later."""
    try:
        if not item.is_removed:
            await _remove(container, item)
            await withdrawals.note_removed(connection, item.version_id)
        if container.cdn is not None:
            await container.cdn.invalidate(paths_of(item))
    except SkregError as error:
        _log.warning("withdrawal-failed", version=item.version_id, error=str(error))
        await withdrawals.note_failure(connection, item.version_id, str(error))
        return False
    await withdrawals.note_invalidated(connection, item.version_id)
    return True


async def _remove(container: WorkerContainer, item: OpenWithdrawal) -> None:
    place = ArchivePlace(item.namespace, item.name, item.version, item.sha256)
    await withdraw_archive(container.storage, place)
    await container.staging.delete(staging_key(item.sha256))


def paths_of(item: OpenWithdrawal) -> list[str]:
    """Return the URL paths an edge may have kept: as written and, where it differs, escaped."""
    place = ArchivePlace(item.namespace, item.name, item.version, item.sha256)
    path = f"/{place.key('.skill')}"
    return list(dict.fromkeys((path, quote(path))))
