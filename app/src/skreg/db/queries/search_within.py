"""Search and lists for a reader who may not see every package of a private registry.

Plain queries over a bounded number of rows: the tiers and counts that serve a public registry of
a million packages know nothing of readers, and their totals would tell what is hidden.
"""

from __future__ import annotations

from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.db.queries.readers import Sight
from skreg.db.queries.search import HIT, SCORE, TOTAL_CAP, Found, Hit
from skreg.db.queries.search_facets import MOST, Count
from skreg.db.queries.search_words import Filters, Wanted, exact_name, understand

_LOOKED_AT = 5000


async def search(
    connection: Connection, filters: Filters, sight: Sight, *, offset: int, limit: int
) -> Found:
    """Return one page of what the reader sees, as ``search.search`` does for everybody."""
    wanted = await understand(connection, filters)
    namespace, name = exact_name(filters.query or "")
    values: dict[str, object] = {"offset": offset, "limit": limit, "name": name, "ns": namespace}
    values |= sight.values() | {"words": wanted.words if wanted else ""}
    sql = f"""
        WITH found AS MATERIALIZED ({_candidates(wanted, sight)})
        SELECT {HIT} FROM found ORDER BY
            name = :name AND coalesce(namespace = CAST(:ns AS text), true) DESC,
            {_order(wanted)} OFFSET :offset LIMIT :limit"""
    values["index"] = wanted.index if wanted else ""
    hits = await rows.all_rows(connection, Hit, sql, values)
    count = f"SELECT count(*) FROM ({_candidates(wanted, sight)}) AS found"
    total = int(await rows.scalar(connection, count, values))
    return Found(hits, min(total, TOTAL_CAP), total <= TOTAL_CAP)


def _candidates(wanted: Wanted | None, sight: Sight) -> str:
    named = "name = :name AND coalesce(namespace = CAST(:ns AS text), true)"
    matches = named
    if wanted is not None:
        matches = "document @@ CAST(:index AS tsquery)" if wanted.index else "true"
        if wanted.ordered:
            matches += " AND document @@ CAST(:words AS tsquery)"
        if wanted.words:
            matches = f"({matches}) OR ({named})"
    return f"""SELECT * FROM package_search WHERE ({matches})
               AND {sight.condition("package_id")} LIMIT {_LOOKED_AT}"""


def _order(wanted: Wanted | None) -> str:
    if wanted is None or not wanted.words:
        return "published_at DESC, package_id DESC"
    return f"{SCORE} DESC, popularity DESC, package_id"


async def listing(
    connection: Connection, after: tuple[str, str], limit: int, sight: Sight
) -> list[Hit]:
    """Return packages by name, after ``(namespace, name)``."""
    sql = f"""
        SELECT {HIT} FROM package_search WHERE (namespace, name) > (:ns, :name)
        AND {sight.condition("package_id")} ORDER BY namespace, name LIMIT :limit"""
    values = {"ns": after[0], "name": after[1], "limit": limit, **sight.values()}
    return await rows.all_rows(connection, Hit, sql, values)


async def tags(connection: Connection, sight: Sight) -> list[Count]:
    """Return the most used tags."""
    return await _most(connection, "unnest(tags)", sight)


async def categories(connection: Connection, sight: Sight) -> list[Count]:
    """Return the most used categories."""
    return await _most(connection, "category", sight)


async def _most(connection: Connection, what: str, sight: Sight) -> list[Count]:
    sql = f"""
        SELECT facet, count(DISTINCT package_id) FROM (
            SELECT package_id, {what} AS facet FROM package_search
            WHERE {sight.condition("package_id")}) AS used
        WHERE facet <> '' GROUP BY facet ORDER BY 2 DESC, facet LIMIT {MOST}"""
    return await rows.all_rows(connection, Count, sql, sight.values())
