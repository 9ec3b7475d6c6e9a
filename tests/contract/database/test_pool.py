"""The pool of connections, on a server that ends them, refuses them and comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from skreg.db import pool as pools
from skreg.db.access import DatabaseAccess
from skreg.db.locks import PKI_LOCK, exclusive
from skreg.db.pool import Connection, Pool, open_pool, reading, writing
from skreg.db.queries import rows
from skreg.errors import DatabaseUnavailable, Missing
from support.database import DatabaseServer
from support.guarded_database import Guarded

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def url(server: DatabaseServer) -> Iterator[str]:
    with server.fresh() as fresh:
        yield fresh


@asynccontextmanager
async def opened(database: str | DatabaseAccess, kept: int = 2) -> AsyncIterator[Pool]:
    pool = open_pool(database, kept)
    try:
        yield pool
    finally:
        await pool.close()


async def backend(connection: Connection) -> int:
    return int(await rows.scalar(connection, "SELECT pg_backend_pid()"))


async def count(pool: Pool) -> int:
    async with reading(pool) as connection:
        return int(await rows.scalar(connection, "SELECT count(*) FROM audit"))


async def note(connection: Connection) -> None:
    await rows.run(connection, "INSERT INTO audit (action, subject) VALUES ('a', 's')")


async def note_and_fail(pool: Pool, sql: str | None = None) -> None:
    async with writing(pool) as connection:
        await note(connection)
        if sql is None:
            raise Missing("There is nothing.")
        await rows.run(connection, sql)


async def test_what_is_written_is_kept_at_the_end_and_not_after_an_error(url: str) -> None:
    async with opened(url) as pool:
        with pytest.raises(Missing):
            await note_and_fail(pool)
        assert await count(pool) == 0
        async with writing(pool) as connection:
            await note(connection)
        assert await count(pool) == 1


async def test_a_worker_ends_its_transactions_itself(url: str) -> None:
    async with opened(url) as pool:
        async with pool.connect() as connection:
            await note(connection)
            await connection.commit()
            await note(connection)
            await connection.rollback()
            await note(connection)
            assert await count(pool) == 1  # another connection does not see it
        assert await count(pool) == 1


async def test_the_last_one_back_is_the_first_to_go_again(url: str) -> None:
    async with opened(url) as pool:
        async with reading(pool) as one, reading(pool) as two:
            first, second = await backend(one), await backend(two)
        assert first != second
        async with pool.connect() as connection:
            assert await backend(connection) == first
        async with reading(pool) as connection:
            assert (await backend(connection), connection.autocommit) == (first, True)


async def test_of_many_only_as_many_rest_as_are_kept(url: str) -> None:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    async with opened(url, kept=1) as pool:
        async with reading(pool) as one, reading(pool) as two:
            assert await backend(one) != await backend(two)
        await asyncio.sleep(0.2)  # the server notices
        async with reading(pool) as connection:
            assert await rows.scalar(connection, sql) == 1


async def test_who_finds_all_lent_waits_and_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "PATIENCE_SECONDS", 1)
    async with opened(url, kept=1) as pool:
        async with reading(pool), reading(pool):
            with pytest.raises(DatabaseUnavailable, match="in use"):
                await count(pool)
            waiting = asyncio.create_task(count(pool))
            await asyncio.sleep(0.1)
        assert await waiting == 0


async def test_a_connection_that_ended_while_it_rested_is_replaced(guarded: Guarded) -> None:
    async with opened(guarded.admin_url) as pool:
        async with reading(pool) as connection:
            first = await backend(connection)
        with psycopg.connect(guarded.admin_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [first])
        await asyncio.sleep(pools.RESTED_SECONDS + 0.1)
        async with reading(pool) as connection:
            assert await backend(connection) != first


async def test_a_connection_that_ends_in_use_is_an_outage_and_is_not_lent_again(url: str) -> None:
    ending = "SELECT pg_terminate_backend(pg_backend_pid())"
    async with opened(url) as pool:
        with pytest.raises(DatabaseUnavailable):
            await note_and_fail(pool, ending)
        assert await count(pool) == 0
        with pytest.raises(psycopg.OperationalError):
            async with exclusive(pool, PKI_LOCK) as connection:
                await rows.run(connection, ending)
        async with asyncio.timeout(5), exclusive(pool, PKI_LOCK):
            pass  # the lock died with the connection


async def test_a_question_that_is_given_up_leaves_nothing_behind(url: str) -> None:
    async def ask(pool: Pool) -> None:
        async with writing(pool) as connection:
            await note(connection)
            await rows.run(connection, "SELECT pg_sleep(30)")

    async with opened(url, kept=1) as pool:
        for _ in range(3):  # more than there is room for
            asking = asyncio.create_task(ask(pool))
            await asyncio.sleep(0.2)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        assert await count(pool) == 0


async def test_a_database_that_is_away_is_an_answer_at_once() -> None:
    begun = time.monotonic()
    async with opened(NOWHERE, kept=1) as pool:
        for _ in range(3):  # nothing is lent for good
            with pytest.raises(DatabaseUnavailable, match="OperationalError"):
                await count(pool)
    assert time.monotonic() - begun < pools.PATIENCE_SECONDS


async def test_a_password_that_cannot_be_had_takes_no_room(url: str) -> None:
    def refused() -> str:
        raise Missing("There is no such secret.")

    async with opened(DatabaseAccess(url, refused), kept=1) as pool:
        for _ in range(3):
            with pytest.raises(Missing):
                await count(pool)


async def test_what_comes_back_to_a_closed_pool_is_closed(url: str) -> None:
    pool = open_pool(url)
    async with reading(pool) as connection:
        await pool.close()
        assert await backend(connection)
    assert connection.closed


async def test_percent_signs_and_casts_are_no_placeholders(url: str) -> None:
    sql = "SELECT CAST(:name AS text) LIKE 'a%' AND 7 % 4 = 3 AND '7'::int = 7"
    async with opened(url) as pool, reading(pool) as connection:
        assert await rows.scalar(connection, sql, {"name": "abc"}) is True
        assert await rows.scalar(connection, "SELECT 7 % 4") == 3
