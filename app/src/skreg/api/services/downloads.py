"""Download counts: collected in memory, written every few seconds, never in a request's way.

Two figures: how often an archive was fetched, and by how many addresses a day, which is what
popularity is made of. An address is kept as a hash under a salt that lives as long as the day.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from datetime import date

import structlog

from skreg.db.pool import Connection, Pool, writing
from skreg.db.queries import catalogue, search_popularity
from skreg.domain.visitors import visitor
from skreg.errors import DatabaseUnavailable
from skreg.ports.clock import Clock

_FLUSH_SECONDS = 5.0
_MAX_WAITING = 100_000
_SALT_BYTES = 32
_log = structlog.get_logger(__name__)

Visits = dict[date, set[tuple[int, str]]]


class DownloadCounts:
    """Counts by version number; what a crash loses is a few seconds of a statistic."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._waiting: Counter[int] = Counter()
        self._visits: Visits = {}

    def add(self, version_id: int, address: str | None = None) -> None:
        """Count one download, from ``address`` if it is known."""
        if version_id in self._waiting or len(self._waiting) < _MAX_WAITING:
            self._waiting[version_id] += 1
        visits = self._visits.setdefault(self._clock().date(), set())
        if address is not None and len(visits) < _MAX_WAITING:
            visits.add((version_id, address))

    async def flush(self) -> None:
        """Write what was counted since; kept for the next time while the database is away."""
        counts, self._waiting = self._waiting, Counter()
        visits, self._visits = self._visits, {}
        if not counts:
            return
        try:
            async with writing(self._pool) as connection:
                await catalogue.add_downloads(connection, counts)
                for day, seen in visits.items():
                    await _add_visits(connection, day, seen)
        except DatabaseUnavailable:
            self._take_back(counts, visits)
            _log.info("downloads-not-written", versions=len(counts))

    def _take_back(self, counts: Counter[int], visits: Visits) -> None:
        self._waiting.update(counts)
        for day, seen in visits.items():
            self._visits.setdefault(day, set()).update(seen)

    async def run(self) -> None:
        """Flush until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.flush()


async def _add_visits(connection: Connection, day: date, seen: set[tuple[int, str]]) -> None:
    if not seen:
        return
    fresh = secrets.token_bytes(_SALT_BYTES)
    salt = await search_popularity.salt_of(connection, day, fresh)
    visits = {(number, visitor(address, salt)) for number, address in seen}
    await search_popularity.add_visits(connection, day, visits)
