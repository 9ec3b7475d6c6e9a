"""Search, the package list, tags and categories: all over ``package_search``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from skreg.db.queries import rows

TOTAL_CAP = 1000
"""Counting stops here; the answer then says ``gte``."""


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
class Filters:
    """What to look for; None means any. ``query`` is what a person typed."""

    query: str | None = None
    category: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How often a tag or category is used."""

    name: str
    packages: int


_WORDS = "(websearch_to_tsquery('english', :q) || websearch_to_tsquery('simple', :q))"
_HIT = "namespace, name, version, description, category, tags, published_at"


def _where(filters: Filters) -> tuple[str, dict[str, object]]:
    parts: list[str] = []
    values: dict[str, object] = {}
    if filters.query:
        parts.append(f"document @@ {_WORDS}")
        values["q"] = filters.query
    if filters.category:
        parts.append("category = :category")
        values["category"] = filters.category
    if filters.tag:
        parts.append("tags @> ARRAY[CAST(:tag AS text)]")
        values["tag"] = filters.tag
    return " AND ".join(parts) or "true", values


async def search(
    connection: AsyncConnection, filters: Filters, *, offset: int, limit: int
) -> list[Hit]:
    """Return one page: best match first when there are words, else newest first."""
    where, values = _where(filters)
    rank = f"ts_rank(document, {_WORDS}) DESC, " if filters.query else ""
    sql = f"""
        SELECT {_HIT} FROM package_search WHERE {where}
        ORDER BY {rank}popularity DESC, published_at DESC, package_id
        OFFSET :offset LIMIT :limit"""  # noqa: S608
    return await rows.all_rows(connection, Hit, sql, {**values, "offset": offset, "limit": limit})


async def total(connection: AsyncConnection, filters: Filters) -> int:
    """Return how many packages match, counting to one past ``TOTAL_CAP`` at most."""
    where, values = _where(filters)
    sql = f"""
        SELECT count(*) FROM (SELECT 1 FROM package_search WHERE {where} LIMIT :cap) AS found
        """  # noqa: S608
    return int(await rows.scalar(connection, sql, {**values, "cap": TOTAL_CAP + 1}))


async def listing(connection: AsyncConnection, after: tuple[str, str], limit: int) -> list[Hit]:
    """Return packages by name, after ``(namespace, name)``."""
    sql = f"""
        SELECT {_HIT} FROM package_search WHERE (namespace, name) > (:ns, :name)
        ORDER BY namespace, name LIMIT :limit"""  # noqa: S608
    values = {"ns": after[0], "name": after[1], "limit": limit}
    return await rows.all_rows(connection, Hit, sql, values)


async def tags(connection: AsyncConnection) -> list[Count]:
    """Return the thousand most used tags."""
    sql = """
        SELECT tag, count(*) FROM package_search, unnest(tags) AS tag
        GROUP BY tag ORDER BY count(*) DESC, tag LIMIT 1000"""
    return await rows.all_rows(connection, Count, sql)


async def categories(connection: AsyncConnection) -> list[Count]:
    """Return every category in use."""
    sql = """
        SELECT category, count(*) FROM package_search
        GROUP BY category ORDER BY count(*) DESC, category"""
    return await rows.all_rows(connection, Count, sql)
