"""What the read plane newly shows, in the order in which it was committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class Change:
    """A package whose index document changed; ``published`` are versions it first shows."""

    seq: int
    namespace: str
    name: str
    index_sequence: int
    published: Sequence[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Publication:
    """A version that is published now, and when the read plane first showed it."""

    namespace: str
    name: str
    version: str
    description: str
    category: str
    tags: Sequence[str]
    at: datetime


async def since(connection: AsyncConnection, cursor: int, limit: int) -> list[Change]:
    """Return the changes after ``cursor``, oldest first.

    Numbers are given under a lock that lasts until commit: once a number is visible, nothing
    smaller appears any more.
    """
    sql = """
        SELECT c.seq, n.name, p.name, c.index_sequence, c.published, c.at
        FROM changes c JOIN packages p ON p.id = c.package_id
        JOIN namespaces n ON n.id = p.namespace_id
        WHERE c.seq > :cursor ORDER BY c.seq LIMIT :limit"""
    return await rows.all_rows(connection, Change, sql, {"cursor": cursor, "limit": limit})


async def newest(connection: AsyncConnection) -> int:
    """Return the number of the newest change, 0 without any."""
    return int(await rows.scalar(connection, "SELECT coalesce(max(seq), 0) FROM changes"))


async def publications(
    connection: AsyncConnection, limit: int, package: tuple[str, str] | None = None
) -> list[Publication]:
    """Return versions that were published and still are, newest first; of one package if given."""
    only = "AND n.name = :ns AND p.name = :name" if package else ""
    sql = f"""
        SELECT n.name, p.name, v.version, v.manifest ->> 'description',
               coalesce(v.manifest ->> 'category', ''),
               ARRAY(SELECT jsonb_array_elements_text(coalesce(v.manifest -> 'tags', '[]'))), c.at
        FROM changes c JOIN versions v
            ON v.package_id = c.package_id AND v.version = ANY(c.published)
        JOIN packages p ON p.id = c.package_id JOIN namespaces n ON n.id = p.namespace_id
        WHERE c.published <> '{{}}' AND v.state = 'published' {only}
        ORDER BY c.seq DESC, v.id DESC LIMIT :limit"""  # noqa: S608
    values: dict[str, object] = {"limit": limit}
    if package:
        values |= {"ns": package[0], "name": package[1]}
    return await rows.all_rows(connection, Publication, sql, values)
