"""Ranked search as a cascade over tiers of popularity, and the package list.

A search begins in a small index over the 2,000 most popular packages, goes on to the 30,000 and
the 250,000 most popular and then to all, and stops as soon as it has enough: ``ts_rank`` is
computed for a bounded number of rows however common a word is. Names are looked at further than
texts, for a name outweighs much popularity. What the first tiers gave stands before
what later ones add, so pages neither overlap nor leave anything out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.db.queries.search_popularity import TIER_SIZES
from skreg.db.queries.search_words import Filters, Wanted, exact_name, understand

TOTAL_CAP = 1000
"""Counting stops here; the answer then says ``gte``."""
_LAST = len(TIER_SIZES)
_ENOUGH = 60
"""So many hits in a tier end the search there."""
_FURTHER = 2
"""Tiers that names with the one word that was typed are looked at further than texts; names with
every one of several words are looked at in all, for there are few."""
_LOOKED_AT = 5000
"""Matches that one step reads from the index at most."""
_RANKED = 1000
"""The most popular of them, which are ranked; as many as the pages show."""
_NAMES = 400
"""Matching names of the further tiers, which are ranked with them."""
_SAME_NAME = 20
"""Packages of exactly the name that was typed, which stand first."""
_LARGE = 200_000
"""Packages from which on several words are not counted beyond what their search has read, and one
word not up to ``TOTAL_CAP``: the time is better spent on names of further tiers."""
_SURELY = 250
"""There, a tier that should hold so many matches of a word is counted instead of all, when all
should hold more than ``TOTAL_CAP``."""
HIT = "namespace, name, version, description, category, tags, published_at"
SCORE = "ts_rank(document, CAST(:words AS tsquery)) * ln(popularity + 3)"
"""How well the text fits, raised by popularity: a thousand downloads weigh sixfold."""


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


async def search(connection: Connection, filters: Filters, *, offset: int, limit: int) -> Found:
    """Return one page: the exact name first, then best first; newest first without any filter.

    ``offset + limit`` is at most ``TOTAL_CAP``. The connection must be inside one transaction,
    whose planner settings this changes.
    """
    wanted = await understand(connection, filters)
    if wanted is not None and not wanted.index:
        return await _newest(connection, offset, limit)
    ids = await _exact(connection, filters) if filters.query else []
    total, exact = len(ids), True
    if wanted is not None:
        cascade = _Cascade(connection, wanted, ids)
        total, exact = await cascade.run(offset + limit)
    hits = await _load(connection, ids[offset : offset + limit])
    return Found(hits, min(total, TOTAL_CAP), exact)


@dataclass(slots=True)
class _Cascade:
    """One search on its way through the tiers: it adds to ``ids``, best first."""

    connection: Connection
    wanted: Wanted
    ids: list[int]

    async def run(self, limit: int) -> tuple[int, bool]:
        """Add packages up to ``limit``; returns how many there are, and whether that is all."""
        before, tier = len(self.ids), 0
        found, matched = await self._first(limit)
        while matched < _ENOUGH and tier < _LAST:
            tier = _next_tier(tier, matched)
            found, matched = await self._step(f"tier <= {tier}", tier, limit)
        self.ids += found
        if tier == _LAST and matched < _RANKED:
            return before + matched, True
        reached = tier
        while len(self.ids) < limit and reached < _LAST:
            reached += 1
            found, _ = await self._step(f"tier = {reached}", reached, limit, with_names=False)
            self.ids += found
        if self.wanted.several and self.wanted.packages > _LARGE:
            return max(before + matched, len(self.ids)), False
        return await self._total(tier, matched)

    async def _first(self, limit: int) -> tuple[list[int], int]:
        """Take the first step: of several words without names, for it is seldom their last."""
        if self.wanted.names:
            found, matched = await self._step("tier <= 0", 0, limit, with_names=False)
            if matched < _ENOUGH:
                return found, matched
        return await self._step("tier <= 0", 0, limit)

    async def _step(
        self, where: str, tier: int, limit: int, *, with_names: bool = True
    ) -> tuple[list[int], int]:
        """Return the best new packages under a condition on the tier, and how many match it."""
        score = SCORE if self.wanted.words else "ln(popularity + 3)"
        sql = f"""
            SELECT package_id, count(*) FILTER (WHERE tier <= {tier}) OVER () FROM (
                (SELECT * FROM ({self._matches(where, _LOOKED_AT)}) AS looked_at
                 ORDER BY popularity DESC, package_id LIMIT {_RANKED})
                {self._names(tier) if with_names else ""}) AS candidates
            WHERE package_id <> ALL(CAST(:seen AS bigint[]))
            ORDER BY {score} DESC, popularity DESC, package_id LIMIT :limit"""
        values = self._values() | {"seen": self.ids, "limit": limit - len(self.ids)}
        found = await rows.all_rows(self.connection, _Numbered, sql, values)
        return [item.id for item in found], found[0].count if found else 0

    def _matches(self, where: str, limit: int) -> str:
        order = "AND document @@ CAST(:words AS tsquery)" if self.wanted.ordered else ""
        return f"""
            SELECT package_id, tier, popularity, document FROM (
                SELECT package_id, tier, popularity, document FROM package_search
                WHERE {where} AND document @@ CAST(:index AS tsquery) LIMIT {_LOOKED_AT}) AS read
            WHERE true {order} LIMIT {limit}"""

    def _names(self, tier: int) -> str:
        """Return the branches for names in further tiers; one word of several is looked for in the
        next, as long as that is not the last: bringing the longest lists together costs most.
        """
        several = bool(self.wanted.names)
        further = tier + 1 if several and tier + 1 < _LAST else tier
        last = _LAST if several else min(tier + _FURTHER, _LAST)
        return self._branch("names", tier, further) + self._branch("named", further, last)

    def _branch(self, query: str, after: int, last: int) -> str:
        if after >= last or not self._values()[query]:
            return ""
        return f"""
            UNION ALL (
                SELECT package_id, tier, popularity, document FROM package_search
                WHERE tier > {after} AND tier <= {last} AND document @@ CAST(:{query} AS tsquery)
                LIMIT {_NAMES})"""

    async def _total(self, tier: int, matched: int) -> tuple[int, bool]:
        """Count in the smallest tier that should hold enough, or in all."""
        sizes = [*TIER_SIZES, max(self.wanted.packages, TIER_SIZES[-1])]
        density = matched / sizes[tier]
        is_many = self.wanted.packages > _LARGE and density * sizes[_LAST] > TOTAL_CAP
        enough = _SURELY if is_many else TOTAL_CAP
        likely = [n for n in range(tier, _LAST) if density * sizes[n] > enough]
        counted = min([*likely, _LAST])
        found, exact = await self._counted(counted)
        if found > min(TOTAL_CAP, density * sizes[counted] / 2) or counted == _LAST:
            return found, exact
        return await self._counted(_LAST)

    async def _counted(self, tier: int) -> tuple[int, bool]:
        """Return how many match up to a tier, and whether that is exactly how many there are."""
        where = "true" if tier == _LAST else f"tier <= {tier}"
        sql = f"SELECT count(*) FROM ({self._matches(where, TOTAL_CAP + 1)}) AS found"
        found = int(await rows.scalar(self.connection, sql, self._values()))
        return max(found, len(self.ids)), tier == _LAST and found <= TOTAL_CAP

    def _values(self) -> dict[str, object]:
        wanted = self.wanted
        queries: dict[str, object] = {"index": wanted.index, "words": wanted.words}
        return queries | {"named": wanted.named, "names": wanted.names}


def _next_tier(tier: int, matched: int) -> int:
    """Return the smallest larger tier that may have enough, going by what this one has."""
    density = (matched + 1) / TIER_SIZES[tier]
    later = range(tier + 1, _LAST)
    return next((n for n in later if density * TIER_SIZES[n] >= _ENOUGH), _LAST)


@dataclass(frozen=True, slots=True)
class _Numbered:
    id: int
    count: int


async def _exact(connection: Connection, filters: Filters) -> list[int]:
    namespace, name = exact_name(filters.query or "")
    lexemes = filters.lexemes()
    sql = f"""
        SELECT package_id FROM package_search WHERE name = :name
            {"AND namespace = :ns" if namespace else ""}
            {"AND document @@ CAST(:lexemes AS tsquery)" if lexemes else ""}
        ORDER BY popularity DESC, package_id LIMIT {_SAME_NAME}"""
    values = {"name": name, "ns": namespace, "lexemes": lexemes}
    return await rows.all_rows(connection, int, sql, values)


async def _newest(connection: Connection, offset: int, limit: int) -> Found:
    sql = f"""
        SELECT {HIT} FROM package_search
        ORDER BY published_at DESC, package_id DESC OFFSET :offset LIMIT :limit"""
    hits = await rows.all_rows(connection, Hit, sql, {"offset": offset, "limit": limit})
    count = (
        f"SELECT count(*) FROM (SELECT FROM package_search LIMIT {TOTAL_CAP + 1}) AS all_of_them"
    )
    total = int(await rows.scalar(connection, count))
    return Found(hits, min(total, TOTAL_CAP), total <= TOTAL_CAP)


async def _load(connection: Connection, ids: list[int]) -> list[Hit]:
    sql = f"""
        SELECT {HIT} FROM package_search WHERE package_id = ANY(CAST(:ids AS bigint[]))
        ORDER BY array_position(CAST(:ids AS bigint[]), package_id)"""
    return await rows.all_rows(connection, Hit, sql, {"ids": ids}) if ids else []


async def listing(connection: Connection, after: tuple[str, str], limit: int) -> list[Hit]:
    """Return packages by name, after ``(namespace, name)``."""
    sql = f"""
        SELECT {HIT} FROM package_search WHERE (namespace, name) > (:ns, :name)
        ORDER BY namespace, name LIMIT :limit"""
    values = {"ns": after[0], "name": after[1], "limit": limit}
    return await rows.all_rows(connection, Hit, sql, values)
