"""The async engine, and the translation of 'the database is away' into one error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from skreg.errors import DatabaseUnavailable


def driver_url(database_url: str) -> str:
    """Return the URL with SQLAlchemy's name for psycopg 3 as its scheme."""
    return "postgresql+psycopg://" + database_url.partition("://")[2]


def open_engine(database_url: str, pool_size: int = 10) -> AsyncEngine:
    """Return an engine; nothing is connected before the first query.

    A pooled connection is checked before use, and nobody waits longer than five seconds for
    one, so a database that is away is an answer rather than a hang.
    """
    return create_async_engine(
        driver_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5, "prepare_threshold": 2},
    )


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
    """Yield a connection for reads.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    try:
        async with engine.connect() as connection:
            yield connection
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
