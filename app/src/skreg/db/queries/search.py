"""Ranked search as a cascade over tiers of popularity, and the package list.

A search begins in a small index over the 2,000 most popular packages, goes on to the 30,000 most
popular and then to all, and stops as soon as it has enough: ``ts_rank`` is computed for a bounded
number of rows however common a word is. What the first tiers gave stands before what later ones
add, so pages neither overlap nor leave anything out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from skreg.db.queries import rows
from skreg.db.queries.search_words import Filters, Wanted, exact_name, understand

TOTAL_CAP = 1000
"""Counting stops here; the answer then says ``gte``."""
_SAME_NAME = 20
"""Packages of exactly the name that was typed, which stand first."""
_RECHECKED = 5000
"""Rows in which a phrase is looked for when hits are counted."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One package as a search shows it."""

    namespace: str
    name: str
    version: str
    description: str
    category: str
    tags: Sequence[str]
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits; ``total`` is at most ``TOTAL_CAP``, ``exact`` False when there are more."""

    hits: Sequence[Hit]
    total: int
    exact: bool


@dataclass(frozen=True, slots=True)
class _Tier:
    """Rows up to a tier; ``enough`` hits end the search, ``ranked`` rows are ranked at most."""

    number: int
    enough: int
    ranked: str


_TIERS = (
    _Tier(0, 100, "ORDER BY popularity DESC, package_id LIMIT 1000"),
    _Tier(1, 20, "ORDER BY popularity DESC, package_id LIMIT 1000"),
    _Tier(2, 0, "LIMIT 2000"),
)
HIT = "namespace, name, version, description, category, tags, published_at"
SCORE = "ts_rank(document, CAST(:words AS tsquery)) * ln(popularity + 3)"
"""How well the text fits, raised by popularity: tenfold downloads weigh like one word more."""


async def search(
    connection: AsyncConnection, filters: Filters, *, offset: int, limit: int
) -> Found:
    """Return one page: the exact name first, then best first; newest first without any filter.

    ``offset + limit`` is at most ``TOTAL_CAP``. The connection must be inside one transaction,
    whose planner settings this changes.
    """
    wanted = await understand(connection, filters)
    if wanted is None:
        wanted = Wanted("", "")
        ids = await _exact(connection, filters, filters.lexemes())
        return Found(await _load(connection, ids[offset : offset + limit]), len(ids), True)
    if not wanted.index:
        return await _newest(connection, offset, limit)
    named = await _exact(connection, filters, filters.lexemes()) if filters.query else []
    cascade = _Cascade(connection, wanted, named)
    ids = await cascade.run(offset + limit)
    total = await cascade.total()
    hits = await _load(connection, ids[offset : offset + limit])
    return Found(hits, min(total, TOTAL_CAP), total <= TOTAL_CAP)


class _Cascade:
    """One search on its way through the tiers."""

    def __init__(self, connection: AsyncConnection, wanted: Wanted, named: list[int]) -> None:
        self._connection = connection
        self._values = {"index": wanted.index, "words": wanted.words, "named": named}
        self._words = wanted.words
        self._ids = list(named)
        self._known = len(named)
        self._tier = 0
        self._complete = False

    async def run(self, wanted: int) -> list[int]:
        """Return the packages' numbers in order, as many as ``wanted`` if there are."""
        for tier in _TIERS:
            ids, count = await self._batch(f"tier <= {tier.number}", tier.ranked, wanted)
            if count >= tier.enough:
                break
        self._note(tier, ids, count)
        for later in _TIERS[tier.number + 1 :]:
            if len(self._ids) >= wanted:
                break
            ids, count = await self._batch(f"tier = {later.number}", later.ranked, wanted)
            self._note(later, ids, count)
        return self._ids

    async def total(self) -> int:
        """Return how many match, one past ``TOTAL_CAP`` when there are more."""
        if self._complete:
            return self._known
        upper = self._known
        if self._tier == 0 and upper <= TOTAL_CAP:
            upper = await self._count("tier <= 1")
        return upper if upper > TOTAL_CAP else max(await self._count("true"), self._known)

    def _note(self, tier: _Tier, ids: list[int], count: int) -> None:
        self._ids += ids
        self._known += count
        self._tier = tier.number
        self._complete = tier is _TIERS[-1] and self._known < TOTAL_CAP

    async def _batch(self, where: str, ranked: str, limit: int) -> tuple[list[int], int]:
        """Return the best numbers under a condition on the tier, and how many rows match."""
        score = SCORE if self._words else "ln(popularity + 3)"
        sql = f"""
            SELECT package_id, count(*) OVER () FROM (
                SELECT package_id, document, popularity FROM package_search
                WHERE {where} AND document @@ CAST(:index AS tsquery) {ranked}) AS candidates
            WHERE {self._fits()} AND package_id <> ALL(CAST(:named AS bigint[]))
            ORDER BY {score} DESC, popularity DESC, package_id LIMIT :limit"""
        found = await rows.all_rows(
            self._connection, _Numbered, sql, {**self._values, "limit": limit}
        )
        return [item.id for item in found], found[0].count if found else 0

    async def _count(self, where: str) -> int:
        sql = f"""
            SELECT count(*) FROM (
                SELECT 1 FROM (SELECT document FROM package_search WHERE {where}
                    AND document @@ CAST(:index AS tsquery) LIMIT {_RECHECKED}) AS candidates
                WHERE {self._fits()} LIMIT {TOTAL_CAP + 1}) AS found"""
        return int(await rows.scalar(self._connection, sql, self._values))

    def _fits(self) -> str:
        """Return the condition that looks for phrases; true when the index has said it all."""
        return "document @@ CAST(:words AS tsquery)" if "<" in self._words else "true"


@dataclass(frozen=True, slots=True)
class _Numbered:
    id: int
    count: int


async def _exact(connection: AsyncConnection, filters: Filters, lexemes: str) -> list[int]:
    namespace, name = exact_name(filters.query or "")
    sql = f"""
        SELECT package_id FROM package_search WHERE name = :name
            {"AND namespace = :ns" if namespace else ""}
            {"AND document @@ CAST(:lexemes AS tsquery)" if lexemes else ""}
        ORDER BY popularity DESC, package_id LIMIT {_SAME_NAME}"""  # noqa: S608
    values = {"name": name, "ns": namespace, "lexemes": lexemes}
    return await rows.all_rows(connection, int, sql, values)


async def _newest(connection: AsyncConnection, offset: int, limit: int) -> Found:
    sql = f"""
        SELECT {HIT} FROM package_search
        ORDER BY published_at DESC, package_id DESC OFFSET :offset LIMIT :limit"""  # noqa: S608
    hits = await rows.all_rows(connection, Hit, sql, {"offset": offset, "limit": limit})
    count = f"""
        SELECT count(*) FROM (SELECT 1 FROM package_search LIMIT {TOTAL_CAP + 1}) AS some"""
    total = int(await rows.scalar(connection, count))
    return Found(hits, min(total, TOTAL_CAP), total <= TOTAL_CAP)


async def _load(connection: AsyncConnection, ids: list[int]) -> list[Hit]:
    sql = f"""
        SELECT {HIT} FROM package_search WHERE package_id = ANY(CAST(:ids AS bigint[]))
        ORDER BY array_position(CAST(:ids AS bigint[]), package_id)"""  # noqa: S608
    return await rows.all_rows(connection, Hit, sql, {"ids": ids}) if ids else []


async def listing(connection: AsyncConnection, after: tuple[str, str], limit: int) -> list[Hit]:
    """Return packages by name, after ``(namespace, name)``."""
    sql = f"""
        SELECT {HIT} FROM package_search WHERE (namespace, name) > (:ns, :name)
        ORDER BY namespace, name LIMIT :limit"""  # noqa: S608
    values = {"ns": after[0], "name": after[1], "limit": limit}
    return await rows.all_rows(connection, Hit, sql, values)
