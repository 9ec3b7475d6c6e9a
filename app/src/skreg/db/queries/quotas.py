"""What a namespace uses and what it is granted."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.domain.quotas import Quota


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used, and what an administrator granted; None is the registry's setting."""

    packages: int
    versions_today: int
    bytes: int
    granted_packages: int | None
    granted_versions_per_day: int | None
    granted_bytes: int | None


async def usage(connection: Connection, namespace_id: int) -> Usage:
    """Return a namespace's use; inside the transaction of an upload that upload is counted."""
    sql = """
        SELECT coalesce(u.packages, 0),
               CASE WHEN u.day = (now() AT TIME ZONE 'UTC')::date THEN u.versions_today ELSE 0 END,
               coalesce(u.bytes, 0), q.packages, q.versions_per_day, q.bytes
        FROM namespaces n LEFT JOIN namespace_usage u ON u.namespace_id = n.id
        LEFT JOIN namespace_quotas q ON q.namespace_id = n.id WHERE n.id = :id"""
    found = await rows.one_row(connection, Usage, sql, {"id": namespace_id})
    return found or Usage(0, 0, 0, None, None, None)


async def grant(connection: Connection, namespace_id: int, quota: Quota[int | None]) -> None:
    """Set what a namespace is granted; None takes the registry's setting."""
    sql = """
        INSERT INTO namespace_quotas (namespace_id, packages, versions_per_day, bytes)
        VALUES (:id, :packages, :versions, :bytes)
        ON CONFLICT (namespace_id) DO UPDATE SET packages = excluded.packages,
            versions_per_day = excluded.versions_per_day, bytes = excluded.bytes"""
    values = {"id": namespace_id, "packages": quota.packages, "bytes": quota.bytes}
    await rows.run(connection, sql, {**values, "versions": quota.versions_per_day})
