"""What an operator does by hand, against ``DATABASE_URL`` or a running ``skreg up``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from skreg.bootstrap import open_access
from skreg.db.access import DatabaseAccess
from skreg.db.pool import Pool, open_pool
from skreg.embedded import answers, socket_folder
from skreg.errors import DatabaseUnavailable
from skreg.settings import has_database_url, load_settings
from skreg.up_layout import layout_of

T = TypeVar("T")


def with_pool(data: Path | None, work: Callable[[Pool], Awaitable[T]]) -> T:
    """Run ``work`` on that database, with an event loop of its own."""

    async def run() -> T:
        pool = open_pool(database_of(data), 1)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def database_of(data: Path | None) -> DatabaseAccess:
    """Return ``DATABASE_URL``'s access, or that of the ``skreg up`` on a data folder.

    Raises:
        DatabaseUnavailable: none runs there.
    """
    if data is None and has_database_url():
        return open_access(load_settings())
    layout = layout_of(data)
    sockets = socket_folder(layout.database)
    if not answers(sockets):
        raise DatabaseUnavailable(
            f"No skreg up runs on {layout.root}, or it is another user's.",
            fix="Start it, name its folder with --data-dir, or set DATABASE_URL.",
        )
    return DatabaseAccess(f"postgresql://postgres@/postgres?host={sockets}")
