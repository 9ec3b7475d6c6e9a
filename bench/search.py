"""Search in the database at a million packages: p95 by class of word, and what the tiers keep.

Every statement of a search page is counted, hits and total, as the API runs them: from its
first byte to the driver's last, on one connection of the embedded server with its defaults.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bench.million import load
from bench.report import Figures, table
from bench.words import real_words
from skreg import embedded
from skreg.db.engine import open_engine
from skreg.db.queries import search as queries
from skreg.db.queries.search_words import Filters, exact_name, understand

PACKAGES = 1_000_000
QUERIES = 40
ROUNDS = 5
PAGE = 20
TARGET_MS = 5.0
CLASSES = {"rare": (1e-6, 0.001), "medium": (0.001, 0.03), "common": (0.03, 1.0)}
"""Share of the packages that hold the word, from and to: together every word there is."""
PAIRS = "two common"


@dataclass(slots=True)
class Watch:
    """Milliseconds spent in statements since ``take``."""

    spent: float = 0.0
    begun: list[float] = field(default_factory=list)

    def take(self) -> float:
        """Return what was spent and begin again."""
        spent, self.spent = self.spent, 0.0
        return spent


def run() -> Figures:
    """Load, measure, print the table, return the figures.

    Raises:
        ConfigurationInvalid: the embedded database does not run here.
    """
    with tempfile.TemporaryDirectory(prefix="skreg-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root the database has a user of its own
        server = embedded.start(folder / "database")
        try:
            begun = time.perf_counter()
            load(server.url(), PACKAGES)
            print(f"{PACKAGES:,} packages loaded in {time.perf_counter() - begun:.0f} s")
            return asyncio.run(_measured(server.url()))
        finally:
            server.stop()


async def _measured(url: str) -> Figures:
    engine = open_engine(url, 1)
    try:
        async with engine.connect() as connection:
            asked = await _chosen(connection)
        spent = await _timed(engine, asked)
        async with engine.connect() as connection:
            kept = {name: await _kept(connection, each) for name, each in asked.items()}
    finally:
        await engine.dispose()
    return _figures(spent, kept)


async def _chosen(connection: AsyncConnection) -> dict[str, list[str]]:
    """Return queries by class, chosen by chance and by how many packages hold the word."""
    chance = random.Random(6)  # noqa: S311
    words = sorted({word for word in real_words() if len(word) > 2 and "-" not in word})
    chance.shuffle(words)
    asked: dict[str, list[str]] = {name: [] for name in CLASSES}
    for word in words:
        share = await _share(connection, word)
        for name, (low, high) in CLASSES.items():
            if low <= share < high and len(asked[name]) < QUERIES:
                asked[name].append(word)
        if all(len(each) == QUERIES for each in asked.values()):
            break
    common = asked["common"]
    asked[PAIRS] = [" ".join(chance.sample(common, 2)) for _ in range(QUERIES)]
    return asked


async def _share(connection: AsyncConnection, word: str) -> float:
    sql = """
        SELECT count(*) FROM package_search WHERE document @@ plainto_tsquery('english', :word)"""
    return float((await connection.execute(text(sql), {"word": word})).scalar_one()) / PACKAGES


async def _timed(engine: AsyncEngine, asked: dict[str, list[str]]) -> dict[str, list[float]]:
    """Return milliseconds by class; the first round warms up and is not counted."""
    spent: dict[str, list[float]] = {name: [] for name in asked}
    with _watching(engine) as watch:
        for turn in range(ROUNDS + 1):
            for position in range(QUERIES):
                for name, each in asked.items():
                    watch.take()
                    async with engine.connect() as connection:
                        await queries.search(
                            connection, Filters(each[position]), offset=0, limit=PAGE
                        )
                    if turn:
                        spent[name].append(watch.take())
    return spent


@contextmanager
def _watching(engine: AsyncEngine) -> Iterator[Watch]:
    watch = Watch()

    def before(*_: object) -> None:
        watch.begun.append(time.perf_counter())

    def after(*_: object) -> None:
        watch.spent += (time.perf_counter() - watch.begun.pop()) * 1000

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    try:
        yield watch
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", before)
        event.remove(engine.sync_engine, "after_cursor_execute", after)


async def _kept(connection: AsyncConnection, asked: Sequence[str]) -> float:
    """Return the share of the exact ranking's first page that the cascade shows on its own."""
    shares = []
    for query in asked:
        found = await queries.search(connection, Filters(query), offset=0, limit=PAGE)
        await connection.rollback()
        best = await _exact(connection, query)
        shown = {(hit.namespace, hit.name) for hit in found.hits}
        shares.append(len(shown & set(best)) / max(1, len(best)))
    return sum(shares) / len(shares)


async def _exact(connection: AsyncConnection, query: str) -> list[tuple[str, str]]:
    """Rank every match by the same score, whatever it takes."""
    wanted = await understand(connection, Filters(query))
    await connection.rollback()
    if wanted is None:
        return []
    sql = f"""
        SELECT namespace, name FROM package_search WHERE document @@ CAST(:words AS tsquery)
        ORDER BY (name = :name) DESC, {queries.SCORE} DESC, popularity DESC, package_id
        LIMIT {PAGE}"""  # noqa: S608
    values = {"words": wanted.words, "name": exact_name(query)[1]}
    return [(row[0], row[1]) for row in await connection.execute(text(sql), values)]


def _figures(spent: dict[str, list[float]], kept: dict[str, float]) -> Figures:
    classes: dict[str, dict[str, float]] = {}
    for name, each in spent.items():
        figures = {"p50_ms": median(each), "p95_ms": quantiles(each, n=20)[18], "max_ms": max(each)}
        classes[name] = {key: round(value, 3) for key, value in figures.items()}
        classes[name]["kept_of_exact_top20"] = round(kept[name], 3)
    head = ("words", *next(iter(classes.values())))
    print(table(head, [[name, *figures.values()] for name, figures in classes.items()]))
    worst = max(figures["p95_ms"] for figures in classes.values())
    print(f"worst p95 {worst:.2f} ms; the target is {TARGET_MS} ms")
    return {"search": classes, "ratios": {"search_p95_vs_target": round(worst / TARGET_MS, 3)}}
