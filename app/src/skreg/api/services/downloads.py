"""Download counts: collected in memory, written every few seconds, never in a request's way."""

from __future__ import annotations

import asyncio
from collections import Counter

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from skreg.db.engine import writing
from skreg.db.queries import catalogue
from skreg.errors import DatabaseUnavailable

_FLUSH_SECONDS = 5.0
_MAX_WAITING = 100_000
_log = structlog.get_logger(__name__)


class DownloadCounts:
    """Counts by version number; what a crash loses is a few seconds of a statistic."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._waiting: Counter[int] = Counter()

    def add(self, version_id: int) -> None:
        """Count one download."""
        if version_id in self._waiting or len(self._waiting) < _MAX_WAITING:
            self._waiting[version_id] += 1

    async def flush(self) -> None:
        """Write what was counted since; kept for the next time while the database is away."""
        counts, self._waiting = self._waiting, Counter()
        if not counts:
            return
        try:
            async with writing(self._engine) as connection:
                await catalogue.add_downloads(connection, counts)
        except DatabaseUnavailable:
            self._waiting.update(counts)
            _log.info("downloads-not-written", versions=len(counts))

    async def run(self) -> None:
        """Flush until cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.flush()
