"""The log's rows: what waits, what is sequenced, which checkpoint is signed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that waits for its log index, with what its entry says of the package."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    package_id: int | None
    version_id: int | None
    namespace: str | None
    name: str | None
    version: str | None
    sha256: str | None
    content_digest: str | None
    size: int | None
    signer: Mapping[str, Any] | None
    leaf: bytes | None
    signature: bytes | None


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a package's chain of entries is: the last one's number and log index."""

    seq: int
    prev: int | None


async def request(
    connection: Connection,
    kind: str,
    dedup: str,
    package_id: int | None = None,
    version_id: int | None = None,
    payload: Mapping[str, object] | None = None,
) -> None:
    """Ask for an entry; asking again with the same ``dedup`` changes nothing."""
    sql = """
        INSERT INTO log_requests (kind, dedup, package_id, version_id, payload)
        VALUES (:kind, :dedup, :package, :version, CAST(:payload AS jsonb))
        ON CONFLICT (dedup) DO NOTHING"""
    values = {"kind": kind, "dedup": dedup, "package": package_id, "version": version_id}
    await rows.run(connection, sql, {**values, "payload": json.dumps(payload or {})})


async def pending(connection: Connection, limit: int) -> list[Pending]:
    """Return the oldest requests without an index."""
    sql = """
        SELECT r.id, r.kind, r.payload, r.package_id, r.version_id, n.name, p.name, v.version,
               v.sha256, v.content_digest, v.size, v.signer, v.chain[1], v.signature
        FROM log_requests r
        LEFT JOIN packages p ON p.id = r.package_id
        LEFT JOIN namespaces n ON n.id = p.namespace_id
        LEFT JOIN versions v ON v.id = r.version_id
        WHERE r.log_index IS NULL ORDER BY r.id LIMIT :limit"""
    return await rows.all_rows(connection, Pending, sql, {"limit": limit})


async def next_index(connection: Connection) -> int:
    """Return the index that the next entry gets: how many there are."""
    sql = "SELECT coalesce(max(index) + 1, 0) FROM log_entries"
    return int(await rows.scalar(connection, sql))


async def last_time(connection: Connection) -> datetime | None:
    """Return when the newest entry was sequenced."""
    sql = "SELECT sequenced_at FROM log_entries ORDER BY index DESC LIMIT 1"
    found: datetime | None = await rows.scalar(connection, sql)
    return found


async def chain_of(connection: Connection, package_id: int) -> Chain:
    """Return where the package's chain of entries is."""
    sql = "SELECT entry_seq, last_log_index FROM packages WHERE id = :id"
    return await rows.one_row(connection, Chain, sql, {"id": package_id}) or Chain(0, None)


async def append(
    connection: Connection, item: Pending, index: int, entry: bytes, at: datetime
) -> None:
    """Write an entry and tell everything that refers to it its index."""
    values = {
        "index": index,
        "kind": item.kind,
        "version": item.version_id,
        "entry": entry,
        "at": at,
        "request": item.id,
        "package": item.package_id,
    }
    await rows.run(
        connection,
        """INSERT INTO log_entries (index, kind, version_id, entry, sequenced_at)
           VALUES (:index, :kind, :version, :entry, :at)""",
        values,
    )
    await rows.run(
        connection, "UPDATE log_requests SET log_index = :index WHERE id = :request", values
    )
    if item.package_id is not None:
        sql = """
            UPDATE packages SET entry_seq = entry_seq + 1, last_log_index = :index
            WHERE id = :package"""
        await rows.run(connection, sql, values)
    if item.kind == "publish":
        sql = "UPDATE versions SET log_index = :index WHERE id = :version"
        await rows.run(connection, sql, values)


async def entries(connection: Connection, start: int, end: int) -> list[bytes]:
    """Return the entries from ``start`` to ``end`` (exclusive), in order."""
    sql = "SELECT entry FROM log_entries WHERE index >= :start AND index < :end ORDER BY index"
    return await rows.all_rows(connection, bytes, sql, {"start": start, "end": end})


async def noted_size(connection: Connection) -> int:
    """Return how many entries the newest noted checkpoint covers."""
    return int(await rows.scalar(connection, "SELECT max(size) FROM log_state") or 0)


async def save_checkpoint(connection: Connection, size: int, note: bytes) -> None:
    """Keep the note that the read plane shows, and mark the versions it covers as logged."""
    sql = """
        INSERT INTO log_state (id, size, note) VALUES (1, :size, :note)
        ON CONFLICT (id) DO UPDATE SET size = excluded.size, note = excluded.note,
            updated_at = now()"""
    await rows.run(connection, sql, {"size": size, "note": note})
    mark = """
        WITH covered AS (
            UPDATE versions SET state = 'logged'
            WHERE state = 'signed' AND log_index < :size RETURNING id)
        UPDATE vetting_jobs SET steps = steps || jsonb_build_array(
            jsonb_build_object('step', 'logged', 'at', now()))
        WHERE version_id IN (SELECT id FROM covered)"""
    await rows.run(connection, mark, {"size": size})
