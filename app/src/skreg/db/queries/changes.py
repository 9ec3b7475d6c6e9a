"""What the read plane newly shows, in the order in which it was committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.db.queries.readers import WHOLE, Sight


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


async def since(
    connection: Connection, cursor: int, limit: int, sight: Sight = WHOLE
) -> list[Change]:
    """Return the changes after ``cursor`` of packages in sight, oldest first.

    Numbers are given under a lock that lasts until commit: once a number is visible, nothing
    smaller appears any more.
    """
    sql = f"""
        SELECT c.seq, n.name, p.name, c.index_sequence, c.published, c.at
        FROM changes c JOIN packages p ON p.id = c.package_id
        JOIN namespaces n ON n.id = p.namespace_id
        WHERE c.seq > :cursor {_seen(sight)} ORDER BY c.seq LIMIT :limit"""  # noqa: S608
    values = {"cursor": cursor, "limit": limit, **_bound(sight)}
    return await rows.all_rows(connection, Change, sql, values)


def _seen(sight: Sight) -> str:
    return "" if sight.is_whole else f"AND {sight.condition('c.package_id')}"


def _bound(sight: Sight) -> dict[str, object]:
    return {} if sight.is_whole else sight.values()


async def newest(connection: Connection, sight: Sight = WHOLE) -> int:
    """Return the number of the newest change in sight, 0 without any."""
    sql = f"SELECT coalesce(max(seq), 0) FROM changes c WHERE true {_seen(sight)}"  # noqa: S608
    return int(await rows.scalar(connection, sql, _bound(sight)))


async def publications(
    connection: Connection,
    limit: int,
    package: tuple[str, str] | None = None,
    sight: Sight = WHOLE,
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
        WHERE c.published <> '{{}}' AND v.state = 'published' {only} {_seen(sight)}
        ORDER BY c.seq DESC, v.id DESC LIMIT :limit"""  # noqa: S608
    values: dict[str, object] = {"limit": limit, **_bound(sight)}
    if package:
        values |= {"ns": package[0], "name": package[1]}
    return await rows.all_rows(connection, Publication, sql, values)
