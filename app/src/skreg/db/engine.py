"""The async engine, and the translation of 'the database is away' into one error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Engine, event, exc
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from skreg.db.access import DatabaseAccess, access_to
from skreg.errors import DatabaseUnavailable

RESTED_SECONDS = 1.0
"""A connection that rested so long is asked whether it works before it is used again."""


def driver_url(database_url: str) -> str:
    """Return the URL with SQLAlchemy's name for psycopg 3 as its scheme."""
    return "postgresql+psycopg://" + database_url.partition("://")[2]


def open_engine(database: DatabaseAccess | str, pool_size: int = 10) -> AsyncEngine:
    """Return an engine; nothing is connected before the first query.

    A pooled connection that has rested is checked before use, and nobody waits longer than five
    seconds for one, so a database that is away is an answer rather than a hang.
    """
    access = access_to(database)
    engine = create_async_engine(
        driver_url(access.url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        connect_args={"connect_timeout": 5, "prepare_threshold": 2},
    )
    _check_rested(engine)
    if access.password is not None:
        _ask_at_connect(engine, access)
    return engine


def _check_rested(engine: AsyncEngine) -> None:
    """Ask a connection that nobody used for a second whether it still works; others just did.

    One that does not is replaced before anybody gets it.
    """
    dialect = engine.sync_engine.dialect

    @event.listens_for(engine.sync_engine, "checkin")
    def rest(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["resting_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def check(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        since = record.info.pop("resting_since", None)
        if since is None or time.monotonic() - since < RESTED_SECONDS:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise exc.DisconnectionError("the connection does not answer any more") from error


def _ask_at_connect(engine: AsyncEngine, access: DatabaseAccess) -> None:
    """Ask for the password in a thread before each connection is made."""

    @event.listens_for(engine.sync_engine, "do_connect")
    def ask(_dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> None:
        parameters.update(await_only(asyncio.to_thread(access.credentials)))


def ask_when_connecting(engine: Engine, access: DatabaseAccess) -> None:
    """Ask for the password before each connection of a synchronous engine is made."""

    @event.listens_for(engine, "do_connect")
    def ask(_dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> None:
        parameters.update(access.credentials())


AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
"""What SQLAlchemy raises when the database cannot be reached."""


def away(error: BaseException) -> DatabaseUnavailable:
    """Return the error an API answers when the database does not."""
    return DatabaseUnavailable(
        "The database does not answer.",
        why=type(error).__name__,
        fix="Try again in a few seconds; installs go on meanwhile.",
    )


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection for reads: every statement is a transaction of its own.

    None sees half of what another transaction does, and two may see different moments, as they
    do within one transaction. Without begin and end, and without the rollback at which the driver
    forgets what it has prepared, a read costs a third of the round trips.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        async with engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")
    except AWAY as error:
        raise away(error) from error


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection inside one transaction: committed at the end, rolled back on an error.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        async with engine.begin() as connection:
            yield connection
    except AWAY as error:
        raise away(error) from error
