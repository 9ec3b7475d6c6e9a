"""Ranked search as a cascade over tiers of popularity, and the package list.

A search begins in a small index over the 2,000 most popular packages, goes on to the 30,000 and
the 250,000 most popular and then to all, and stops as soon as it has enough: ``ts_rank`` is
computed for a bounded number of rows however common a word is. Names are looked at one tier
further than texts, for a name outweighs much popularity. What the first tiers gave stands before
what later ones add, so pages neither overlap nor leave anything out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from skreg.db.queries import rows
from skreg.db.queries.search_popularity import TIER_SIZES
from skreg.db.queries.search_words import Filters, Wanted, exact_name, understand

TOTAL_CAP = 1000
"""Counting stops here; the answer then says ``gte``."""
ENOUGH = (100, 20, 20, 0)
"""By tier: so many hits end the search there."""
_LAST = len(TIER_SIZES)
_RANKED = 1000
"""Rows of one tier that are ranked: its most popular."""
_SAME_NAME = 20
"""Packages of exactly the name that was typed, which stand first."""
_RECHECKED = 5000
"""Rows in which a phrase is looked for."""


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
    if wanted is not None and not wanted.index:
        return await _newest(connection, offset, limit)
    named = await _exact(connection, filters) if filters.query else []
    total = len(named)
    if wanted is not None:
        cascade = _Cascade(connection, wanted, named)
        await cascade.run(offset + limit)
        named, total = cascade.ids, await cascade.total()
    hits = await _load(connection, named[offset : offset + limit])
    return Found(hits, min(total, TOTAL_CAP), total <= TOTAL_CAP)


@dataclass(slots=True)
class _Cascade:
    """One search on its way through the tiers; ``ids`` are the packages found, in order."""

    connection: AsyncConnection
    wanted: Wanted
    ids: list[int]
    named: list[int] = field(init=False)
    reached: int = 0
    matched: int = 0

    def __post_init__(self) -> None:
        self.named = list(self.ids)

    async def run(self, wanted: int) -> None:
        """Find as many packages as ``wanted``, if there are."""
        await self._first(wanted)
        while len(self.ids) < wanted and self.reached < _LAST:
            await self._next(wanted - len(self.ids))

    async def total(self) -> int:
        """Return how many match, one past ``TOTAL_CAP`` when there are more."""
        if self.reached == _LAST and self.matched < _RANKED:
            return self.matched + len(self.named)
        for tier in self._promising():
            if (found := await self._count(tier)) > TOTAL_CAP:
                return found
        return max(await self._count(_LAST), len(self.ids))

    def _promising(self) -> list[int]:
        """Return the smallest tier that should hold more than can be counted, if one should."""
        sizes = list(enumerate(TIER_SIZES))[self.reached :]
        density = self.matched / TIER_SIZES[self.reached] if sizes else 0.0
        return [tier for tier, size in sizes if density * size > 1.2 * TOTAL_CAP][:1]

    async def _first(self, limit: int) -> None:
        """Read tiers from the top until one has enough; names one tier further."""
        for tier, enough in enumerate(ENOUGH):
            self.reached = tier
            parts = [self._part(f"tier <= {tier}", ":index")]
            if self.wanted.names and tier < _LAST:
                parts.append(self._part(f"tier = {tier + 1}", ":names"))
            ids, self.matched = await self._best(parts, tier, limit)
            if self.matched >= enough:
                break
        self.ids += ids

    async def _next(self, limit: int) -> None:
        """Add the next tier, without the names that stand before it already."""
        self.reached += 1
        ...


async def _exact(connection: AsyncConnection, filters: Filters) -> list[int]:
    namespace, name = exact_name(filters.query or "")
    lexemes = filters.lexemes()
    sql = f"""
        SELECT package_id FROM package_search WHERE name = :name
            {"AND namespace = :ns" if namespace else ""}
            {"AND document @@ CAST(:lexemes AS tsquery)" if lexemes else ""}
        ORDER BY popularity DESC, package_id LIMIT {_SAME_NAME}"""  # noqa: S608
    values = {"name": name, "ns": namespace, "lexemes": lexemes}
    return await rows.all_rows(connection, int, sql, values)
