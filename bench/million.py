"""Fills a fresh database with packages for search: COPY first, indexes afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise

import psycopg

from bench.words import Row, real_words, rows
from skreg.db.migrate import migrate
from skreg.db.pool import open_pool, writing
from skreg.db.queries import search_popularity

_COLUMNS = "package_id, namespace, name, version, description, category, tags, popularity, "
_COPY = f"COPY package_search ({_COLUMNS}published_at) FROM STDIN"
_WRITERS = 2


def load(url: str, packages: int) -> None:
    """Migrate the database and fill ``package_search``; the catalogue behind it stays empty."""
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = _set_aside(connection)
    bounds = [packages * part // _WRITERS for part in range(_WRITERS + 1)]
    with ProcessPoolExecutor(_WRITERS) as pool:
        jobs = [pool.submit(_copy, url, low, high, packages) for low, high in pairwise(bounds)]
        for job in jobs:
            job.result()
    asyncio.run(_set_tiers(url))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        for index in indexes:
            connection.execute(index)
        connection.execute("VACUUM ANALYZE package_search")


async def _set_tiers(url: str) -> None:
    pool = open_pool(url, 1)
    async with writing(pool) as connection:
        await search_popularity.set_tiers(connection)
    await pool.close()


def _set_aside(connection: psycopg.Connection) -> list[str]:
    """Drop what slows a bulk load; returns the statements that make the indexes again."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'package_search'"
        " AND indexname <> 'package_search_pkey'"
    ).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    connection.execute(
        "ALTER TABLE package_search DROP CONSTRAINT package_search_package_id_fkey,"
        " DISABLE TRIGGER package_search_facets, SET (autovacuum_enabled = off)"
    )
    return [definition for _, definition in found]


def _copy(url: str, low: int, high: int, total: int) -> None:
    with psycopg.connect(url) as connection, connection.cursor().copy(_COPY) as copy:
        for line in _lines(rows(real_words(), low, high, total)):
            copy.write_row(line)


def _lines(made: Iterator[Row]) -> Iterator[tuple[object, ...]]:
    for row in made:
        yield (
            row.number,
            row.namespace,
            row.name,
            "1.0.0",
            row.description,
            row.category,
            row.tags,
            row.popularity,
            f"2026-01-01T00:00:{row.number % 60:02}Z",
        )
