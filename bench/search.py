"""Search in the database at a million packages: p95 by class of word, and what the tiers keep.

What is counted is what the server itself reports for every statement of a search page (words
read, hits, total), parse, plan and commit included, run by the API's own queries. A query's time
is the median of its runs, so that the machine's other work does not count; p95 is over queries.
"""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import psycopg

from bench.million import load
from bench.report import Figures, table
from bench.words import real_words
from skreg import embedded
from skreg.db.pool import Connection, Pool, open_pool, reading, writing
from skreg.db.queries import rows
from skreg.db.queries import search as queries
from skreg.db.queries.search_words import Filters, exact_name, understand

PACKAGES = 1_000_000
QUERIES = 100
ROUNDS = 5
PAGE = 20
TARGET_MS = 5.0
MEMORY = "1GB"
"""Shared buffers, as a managed database of 4 GB memory has them."""
CLASSES = {"rare": (1e-6, 0.001), "medium": (0.001, 0.03), "common": (0.03, 1.0)}
"""Share of the packages that hold the word, from and to: together every word there is."""
PAIRS = "two common"
_DURATION = re.compile(r"LOG:  duration: ([0-9.]+) ms")

Spent = dict[str, list[float]]
"""Class -> milliseconds, one figure a query."""


def run() -> Figures:
    """Load, measure, print the table, return the figures.

    Raises:
        ConfigurationInvalid: the embedded database does not run here.
    """
    with tempfile.TemporaryDirectory(prefix="skreg-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root the database has a user of its own
        server = _started(folder / "database")
        try:
            begun = time.perf_counter()
            load(server.url(), PACKAGES)
            _report_durations(server)
            print(f"{PACKAGES:,} packages loaded in {time.perf_counter() - begun:.0f} s")
            return asyncio.run(_measured(server.url(), folder / "postgresql.log"))
        finally:
            server.stop()


def _started(data: Path) -> embedded.EmbeddedServer:
    server = embedded.start(data)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET shared_buffers = '{MEMORY}'")
    server.stop()
    return embedded.start(data)


def _report_durations(server: embedded.EmbeddedServer) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("ALTER DATABASE postgres SET log_min_duration_statement = 0")


async def _measured(url: str, log: Path) -> Figures:
    pool = open_pool(url, 1)
    try:
        async with reading(pool) as connection:
            asked = await _chosen(connection)
        with log.open() as lines:
            lines.seek(0, 2)
            inside, outside = await _timed(pool, asked, lambda: _durations(lines.read()))
        kept = {name: await _kept(pool, each) for name, each in asked.items()}
    finally:
        await pool.close()
    return _figures(inside, outside, kept)


def _durations(log: str) -> float:
    return sum(float(found) for found in _DURATION.findall(log))


async def _chosen(connection: Connection) -> dict[str, list[str]]:
    """Return queries by class, chosen by chance and by how many packages hold the word."""
    chance = random.Random(6)
    words = sorted({word for word in real_words().all if len(word) > 2 and "-" not in word})
    chance.shuffle(words)
    asked: dict[str, list[str]] = {name: [] for name in CLASSES}
    for word in words:
        share = await _share(connection, word)
        for name, (low, high) in CLASSES.items():
            if low <= share < high and len(asked[name]) < QUERIES:
                asked[name].append(word)
        if all(len(each) == QUERIES for each in asked.values()):
            break
    asked[PAIRS] = [" ".join(chance.sample(asked["common"], 2)) for _ in range(QUERIES)]
    return asked


async def _share(connection: Connection, word: str) -> float:
    sql = """
        SELECT count(*) FROM package_search WHERE document @@ plainto_tsquery('english', :word)"""
    return float(await rows.scalar(connection, sql, {"word": word})) / PACKAGES


async def _timed(
    pool: Pool, asked: dict[str, list[str]], reported: Callable[[], float]
) -> tuple[Spent, Spent]:
    """Return each query's median, in the server and around it; the first round warms up."""
    inside: dict[str, list[list[float]]] = {
        name: [[] for _ in each] for name, each in asked.items()
    }
    outside: dict[str, list[list[float]]] = {name: [[] for _ in e] for name, e in asked.items()}
    for turn in range(ROUNDS + 1):
        for name, each in asked.items():
            for position, query in enumerate(each):
                reported()
                begun = time.perf_counter()
                await _page(pool, query)
                around = (time.perf_counter() - begun) * 1000
                if turn:
                    inside[name][position].append(reported())
                    outside[name][position].append(around)
    return _medians(inside), _medians(outside)


def _medians(runs: dict[str, list[list[float]]]) -> Spent:
    return {name: [median(each) for each in queries] for name, queries in runs.items()}


async def _page(pool: Pool, query: str) -> queries.Found:
    async with writing(pool) as connection:
        return await queries.search(connection, Filters(query), offset=0, limit=PAGE)


async def _kept(pool: Pool, asked: Sequence[str]) -> float:
    """Return the share of the exact ranking's first page that the cascade shows on its own."""
    shares = []
    for query in asked:
        shown = {(hit.namespace, hit.name) for hit in (await _page(pool, query)).hits}
        async with writing(pool) as connection:
            best = await _exact(connection, query)
        shares.append(len(shown & set(best)) / max(1, len(best)))
    return sum(shares) / len(shares)


@dataclass(frozen=True, slots=True)
class _Package:
    namespace: str
    name: str


async def _exact(connection: Connection, query: str) -> list[tuple[str, str]]:
    """Rank every match by the same score, whatever it takes."""
    wanted = await understand(connection, Filters(query))
    if wanted is None:
        return []
    await rows.run(connection, "SET LOCAL statement_timeout = 0")  # the API's deadline is not ours
    sql = f"""
        SELECT namespace, name FROM package_search WHERE document @@ CAST(:words AS tsquery)
        ORDER BY (name = :name) DESC, {queries.SCORE} DESC, popularity DESC, package_id
        LIMIT {PAGE}"""
    values = {"words": wanted.words, "name": exact_name(query)[1]}
    found = await rows.all_rows(connection, _Package, sql, values)
    return [(each.namespace, each.name) for each in found]


def _figures(inside: Spent, outside: Spent, kept: dict[str, float]) -> Figures:
    classes = {
        name: {
            "p50_ms": round(median(each), 3),
            "p95_ms": round(_p95(each), 3),
            "client_p95_ms": round(_p95(outside[name]), 3),
            "kept_of_exact_top20": round(kept[name], 3),
        }
        for name, each in inside.items()
    }
    head = ("words", *next(iter(classes.values())))
    print(table(head, [[name, *figures.values()] for name, figures in classes.items()]))
    worst = max(figures["p95_ms"] for figures in classes.values())
    print(f"worst p95 {worst:.2f} ms in the database; the target is {TARGET_MS:.0f} ms")
    return {"search": classes, "ratios": {"search_p95_vs_target": round(worst / TARGET_MS, 3)}}


def _p95(figures: Sequence[float]) -> float:
    return quantiles(figures, n=20)[18]
