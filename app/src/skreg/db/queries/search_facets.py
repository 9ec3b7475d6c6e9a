"""Tags and categories in use, from counts that a trigger keeps."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.db.pool import Connection
from skreg.db.queries import rows

MOST = 1000
"""Names one list holds at most."""


@dataclass(frozen=True, slots=True)
class Count:
    """How often a tag or category is used."""

    name: str
    packages: int


async def tags(connection: Connection) -> list[Count]:
    """Return the most used tags."""
    return await _most(connection, "tag")


async def categories(connection: Connection) -> list[Count]:
    """Return the most used categories."""
    return await _most(connection, "category")


async def _most(connection: Connection, kind: str) -> list[Count]:
    sql = f"""
        SELECT name, packages FROM search_facets WHERE kind = :kind AND packages > 0
        ORDER BY packages DESC, name LIMIT {MOST}"""
    return await rows.all_rows(connection, Count, sql, {"kind": kind})
