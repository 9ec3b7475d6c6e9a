"""The hourly reckoning: what downloads make popular, and which packages search looks at first."""

from __future__ import annotations

import structlog

from skreg.bootstrap import WorkerContainer
from skreg.db.locks import PUBLICATION_LOCK, exclusive
from skreg.db.pool import writing
from skreg.db.queries import search_popularity

_log = structlog.get_logger(__name__)


async def reckon(container: WorkerContainer) -> None:
    """Weigh every package anew, sort them into tiers, forget whose addresses were counted.

    Runs under the publication lock, which is let go between the steps: publishing touches the
    same rows.
    """
    today = container.clock().date()
    async with exclusive(container.pool, PUBLICATION_LOCK) as connection:
        weighed = await search_popularity.weigh(connection, today)
        await connection.commit()
    async with exclusive(container.pool, PUBLICATION_LOCK) as connection:
        moved = await search_popularity.set_tiers(connection)
        await connection.commit()
    async with writing(container.pool) as connection:
        await search_popularity.forget(connection, today)
    _log.info("popularity", weighed=weighed, moved=moved)
