"""Advisories: OSV records, and where they are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.db.queries.readers import WHOLE, Sight


@dataclass(frozen=True, slots=True)
class AdvisoryRow:
    """One advisory; ``record`` is what is served."""

    number: int
    id: str
    package_id: int
    record: Mapping[str, Any]


_ROW = "SELECT d.number, d.id, d.package_id, d.record FROM advisories d"


async def next_number(connection: Connection) -> int:
    """Take the next advisory's number."""
    sql = "SELECT nextval(pg_get_serial_sequence('advisories', 'number'))"
    return int(await rows.scalar(connection, sql))


async def insert(
    connection: Connection, number: int, package_id: int, record: Mapping[str, Any]
) -> None:
    """Keep a new advisory, and have its package's index document signed anew."""
    sql = """
        INSERT INTO advisories (number, id, package_id, record)
        VALUES (:number, :id, :package, CAST(:record AS jsonb))"""
    values = {"number": number, "id": record["id"], "package": package_id}
    await rows.run(connection, sql, {**values, "record": json.dumps(record)})
    await _touch(connection, package_id)


async def change(connection: Connection, row: AdvisoryRow, record: Mapping[str, Any]) -> None:
    """Keep a changed record, and have its package's index document signed anew."""
    sql = "UPDATE advisories SET record = CAST(:record AS jsonb) WHERE number = :number"
    await rows.run(connection, sql, {"number": row.number, "record": json.dumps(record)})
    await _touch(connection, row.package_id)


async def _touch(connection: Connection, package_id: int) -> None:
    sql = "UPDATE packages SET revision = revision + 1 WHERE id = :id"
    await rows.run(connection, sql, {"id": package_id})


async def one(
    connection: Connection, advisory_id: str, sight: Sight = WHOLE, *, lock: bool = False
) -> AdvisoryRow | None:
    """Return one advisory in sight; with ``lock`` until the transaction ends."""
    held = "FOR UPDATE" if lock else ""
    sql = f"{_ROW} WHERE d.id = :id AND {sight.condition('d.package_id')} {held}"
    return await rows.one_row(connection, AdvisoryRow, sql, {"id": advisory_id, **sight.values()})


async def listing(
    connection: Connection,
    after: int,
    limit: int,
    package: tuple[str, str] | None = None,
    sight: Sight = WHOLE,
) -> list[AdvisoryRow]:
    """Return advisories in sight by number, those after one; of one package if given."""
    sql = f"""{_ROW} JOIN packages p ON p.id = d.package_id
        JOIN namespaces n ON n.id = p.namespace_id
        WHERE d.number > :after AND {sight.condition("d.package_id")}
        AND (:all OR (n.name = :ns AND p.name = :name)) ORDER BY d.number LIMIT :limit"""
    namespace, name = package or ("", "")
    values = {"after": after, "limit": limit, "all": package is None, "ns": namespace}
    return await rows.all_rows(
        connection, AdvisoryRow, sql, {**values, "name": name, **sight.values()}
    )


async def of_package(connection: Connection, package_id: int) -> list[AdvisoryRow]:
    """Return a package's advisories that hold, for its index document."""
    sql = f"""{_ROW} WHERE d.package_id = :id AND d.record -> 'withdrawn' IS NULL
        ORDER BY d.number"""
    return await rows.all_rows(connection, AdvisoryRow, sql, {"id": package_id})
