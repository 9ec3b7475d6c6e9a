"""The worker's view of withdrawals: whose archive is still to be removed."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class OpenWithdrawal:
    """A withdrawn version that the store or a CDN may still hand out."""

    version_id: int
    namespace: str
    name: str
    version: str
    sha256: str
    is_removed: bool


async def unfinished(connection: Connection, limit: int) -> list[OpenWithdrawal]:
    """Return withdrawals that are due, oldest first; others' rows that are worked on are left out.

    Their rows are held until the transaction ends.
    """
    sql = """
        SELECT w.version_id, n.name, p.name, v.version, v.sha256, w.removed_at IS NOT NULL
        FROM withdrawals w
        JOIN versions v ON v.id = w.version_id
        JOIN packages p ON p.id = v.package_id
        JOIN namespaces n ON n.id = p.namespace_id
        WHERE w.invalidated_at IS NULL AND w.next_attempt_at <= now()
        ORDER BY w.created_at LIMIT :limit FOR UPDATE OF w SKIP LOCKED"""
    return await rows.all_rows(connection, OpenWithdrawal, sql, {"limit": limit})


async def note_removed(connection: Connection, version_id: int) -> None:
    """Note that the archive is gone from the store."""
    sql = "UPDATE withdrawals SET removed_at = now() WHERE version_id = :id"
    await rows.run(connection, sql, {"id": version_id})


async def note_invalidated(connection: Connection, version_id: int) -> None:
    """Note that the CDN has taken the request: nothing is left to do."""
    sql = "UPDATE withdrawals SET invalidated_at = now(), last_error = NULL WHERE version_id = :id"
    await rows.run(connection, sql, {"id": version_id})


async def note_failure(connection: Connection, version_id: int, error: str) -> None:
    """Count a failed run; the next is due after 2, 4, 8 … seconds, ten minutes at most."""
    sql = """
        UPDATE withdrawals SET attempts = attempts + 1, last_error = :error,
            next_attempt_at = now() + least(interval '10 minutes',
                interval '1 second' * power(2, least(attempts + 1, 12)))
        WHERE version_id = :id"""
    await rows.run(connection, sql, {"id": version_id, "error": error[:2000]})
