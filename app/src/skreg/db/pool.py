"""The connections of one process to the database, and how a piece of work is lent one.

Neither SQLAlchemy's engine nor psycopg's own pool: docs/adr/0021-own-pool.md says why.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeAlias

import psycopg
from psycopg.pq import TransactionStatus

from skreg.db.access import DatabaseAccess, access_to
from skreg.errors import DatabaseUnavailable

Connection: TypeAlias = psycopg.AsyncConnection[tuple[Any, ...]]
"""One connection; ``skreg.db.queries.rows`` asks it."""
RESTED_SECONDS = 1.0
"""A connection that rested so long is asked whether it works before it is lent again."""
PATIENCE_SECONDS = 5
"""How long a connection is waited for, a lent one or a new one."""
AWAY = (psycopg.OperationalError, psycopg.InterfaceError)
"""What psycopg raises when the database cannot be reached."""


class Pool:
    """Connections to one database; nothing is connected before the first is asked for.

    Up to ``kept`` rest here between their uses, the last one back is the first to go again. In
    need there are twice as many. A database that is away is an answer at once, not a wait.
    """

    def __init__(self, access: DatabaseAccess, kept: int) -> None:
        self._access, self._kept = access, kept
        self._room = asyncio.Semaphore(2 * kept)
        self._resting: list[tuple[Connection, float]] = []

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Connection]:
        """Lend a connection on which every statement is a transaction of its own.

        Raises:
            DatabaseUnavailable: all are lent, and none came back in time.
            psycopg.OperationalError: the database does not answer.
        """
        await self._enter()
        try:
            connection = await self._take()
            try:
                yield connection
            finally:
                await self._take_back(connection)
        finally:
            self._room.release()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Connection]:
        """Lend a connection whose transactions the caller ends, by ``commit`` or ``rollback``.

        The first statement begins one; what is open at the end is rolled back.

        Raises:
            DatabaseUnavailable, psycopg.OperationalError: see ``lend``.
        """
        async with self.lend() as connection:
            await connection.set_autocommit(False)
            yield connection

    async def close(self) -> None:
        """Close what rests; what is lent is closed when it comes back."""
        self._kept = 0
        while self._resting:
            connection, _ = self._resting.pop()
            await connection.close()

    async def _enter(self) -> None:
        if not self._room.locked():
            await self._room.acquire()
            return
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._room.acquire()
        except TimeoutError as error:
            raise DatabaseUnavailable(
                "All connections to the database are in use.",
                why=f"None came back within {PATIENCE_SECONDS} seconds.",
                fix="Try again in a few seconds; when it goes on, raise DATABASE_POOL_SIZE.",
            ) from error

    async def _take(self) -> Connection:
        while self._resting:
            connection, since = self._resting.pop()
            if time.monotonic() - since < RESTED_SECONDS or await _works(connection):
                return connection
        return await self._connect()

    async def _connect(self) -> Connection:
        """Connect anew; the password is asked for in a thread, each time."""
        asked: dict[str, str] = {}
        if self._access.password is not None:
            asked = await asyncio.to_thread(self._access.credentials)
        return await psycopg.AsyncConnection.connect(
            self._access.url,
            autocommit=True,
            connect_timeout=PATIENCE_SECONDS,
            prepare_threshold=2,
            **asked,  # type: ignore[arg-type]  # the password alone
        )

    async def _take_back(self, connection: Connection) -> None:
        """Keep a connection that bears no trace of its use; close any other."""
        is_clean = False
        try:
            is_clean = await _cleaned(connection)
        finally:
            if is_clean and len(self._resting) < self._kept:
                self._resting.append((connection, time.monotonic()))
            else:
                await connection.close()


async def _works(connection: Connection) -> bool:
    """Whether a connection that rested still answers; one that does not is closed."""
    answers = False
    try:
        with suppress(psycopg.Error):
            await connection.execute("")
            answers = True
    finally:
        if not answers:
            await connection.close()
    return answers


async def _cleaned(connection: Connection) -> bool:
    """Roll back what is open; False when the connection is of no use any more."""
    with suppress(psycopg.Error):
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            await connection.rollback()
        if not connection.autocommit:
            await connection.set_autocommit(True)
    return connection.info.transaction_status is TransactionStatus.IDLE and connection.autocommit


def open_pool(database: DatabaseAccess | str, kept: int = 10) -> Pool:
    """Return a pool that keeps so many connections; nothing is connected yet."""
    return Pool(access_to(database), kept)


def away(error: BaseException) -> DatabaseUnavailable:
    """Return the error an API answers when the database does not."""
    return DatabaseUnavailable(
        "The database does not answer.",
        why=type(error).__name__,
        fix="Try again in a few seconds; installs go on meanwhile.",
    )


@asynccontextmanager
async def reading(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection for reads: every statement is a transaction of its own.

    None sees half of what another transaction does, and two may see different moments, as they
    do within one transaction. Without begin and end, and without the rollback at which the driver
    forgets what it has prepared, a read costs a third of the round trips.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        async with pool.lend() as connection:
            yield connection
    except AWAY as error:
        raise away(error) from error


@asynccontextmanager
async def writing(pool: Pool) -> AsyncIterator[Connection]:
    """Yield a connection inside one transaction: committed at the end, rolled back on an error.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        async with pool.lend() as connection, connection.transaction():
            yield connection
    except AWAY as error:
        raise away(error) from error
