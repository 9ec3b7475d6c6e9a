"""PostgreSQL advisory locks: they die with the connection, so a killed process blocks nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from skreg.db.pool import Connection, Pool
from skreg.db.queries import rows

_SPACE = 0x736B7265 << 24
"""``skre`` in the high bytes: our keys meet nobody else's on a shared server."""
MIGRATION_LOCK = _SPACE + 1
PUBLICATION_LOCK = _SPACE + 2
"""Held by the one process that sequences the log and refreshes the read plane."""
PKI_LOCK = _SPACE + 3
"""Held while a process looks whether its keys are those that their references stood for before."""
_VERSION_SPACE = 0x736B7276
"""First half of the two-part key that marks one version as being worked on."""
_STAGED_SPACE = 0x736B7273
"""First half of the two-part key of uploaded bytes; the second is of their hash."""


@asynccontextmanager
async def exclusive(pool: Pool, key: int) -> AsyncIterator[Connection]:
    """Wait for ``key`` and yield the connection that holds it.

    Do all writes of the guarded work on that connection: if it is lost, so is the lock, and
    the writes fail instead of racing the next holder's.
    """
    async with pool.connect() as connection:
        await rows.run(connection, "SELECT pg_advisory_lock(:key)", {"key": key})
        await connection.commit()
        try:
            yield connection
        finally:
            await _unlock(connection, "SELECT pg_advisory_unlock(:key)", {"key": key})


@asynccontextmanager
async def try_version(pool: Pool, version_id: int) -> AsyncIterator[Connection | None]:
    """Yield the connection that holds the version's lock, None when another process has it."""
    key = {"space": _VERSION_SPACE, "id": version_id % 2**31}
    async with pool.connect() as connection:
        taken = await rows.scalar(connection, "SELECT pg_try_advisory_lock(:space, :id)", key)
        await connection.commit()
        if not taken:
            yield None
            return
        try:
            yield connection
        finally:
            await _unlock(connection, "SELECT pg_advisory_unlock(:space, :id)", key)


async def _unlock(connection: Connection, sql: str, key: dict[str, int]) -> None:
    """Let go of a lock; when that is cut short the connection is closed, which does the same."""
    if connection.closed:
        return
    try:
        await connection.rollback()
        await rows.run(connection, sql, key)
        await connection.commit()
    except BaseException:
        await connection.close()
        raise


async def keep_staged(connection: Connection, sha256: str) -> None:
    """Keep uploaded bytes from ``may_remove_staged`` until this transaction ends."""
    sql = "SELECT pg_advisory_xact_lock_shared(:space, :id)"
    await rows.run(connection, sql, _staged(sha256))


async def may_remove_staged(connection: Connection, sha256: str) -> None:
    """Wait until no transaction keeps the bytes, and hold others back until this one ends."""
    sql = "SELECT pg_advisory_xact_lock(:space, :id)"
    await rows.run(connection, sql, _staged(sha256))


def _staged(sha256: str) -> dict[str, int]:
    return {"space": _STAGED_SPACE, "id": int(sha256[:8], 16) % 2**31}
