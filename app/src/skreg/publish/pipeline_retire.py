"""Removes what was replaced a day ago: parts of the index, partial tiles of the log."""

from __future__ import annotations

from skreg.bootstrap import WorkerContainer
from skreg.db.locks import PUBLICATION_LOCK, exclusive
from skreg.db.queries import documents, log
from skreg.publish.index.retire import KEPT_FOR, Replaced, retire
from skreg.publish.log.retire import retire_partial_tiles


async def retire_replaced(container: WorkerContainer) -> list[str]:
    """Delete what nothing has reached for 24 hours; returns the keys dealt with."""
    async with exclusive(container.pool, PUBLICATION_LOCK) as connection:
        now = container.clock()
        found = await documents.replaced_before(connection, now - KEPT_FOR)
        rows = [Replaced(item.key, item.at) for item in found]
        size = await log.noted_size(connection)
        await connection.rollback()
        done = await retire(container.storage, rows, now)
        await documents.forget_replaced(connection, done)
        await connection.commit()
        return done + await retire_partial_tiles(container.storage, size, now)
