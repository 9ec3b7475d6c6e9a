"""Changes to a version after publication: deprecation, dist-tags, withdrawal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class LockedVersion:
    """A version whose row is held until the transaction ends."""

    id: int
    version: str
    sha256: str
    state: str
    deprecated: str | None
    published_at: datetime | None


_LOCKED = "SELECT id, version, sha256, state, deprecated, published_at FROM versions"


async def lock_version(
    connection: Connection, package_id: int, version: str
) -> LockedVersion | None:
    """Return one version and hold its row, so that no other change comes between."""
    sql = f"{_LOCKED} WHERE package_id = :package AND version = :version FOR NO KEY UPDATE"
    values = {"package": package_id, "version": version}
    return await rows.one_row(connection, LockedVersion, sql, values)


async def lock_visible(connection: Connection, package_id: int) -> list[LockedVersion]:
    """Return every version that people can see, in order of its number, and hold their rows."""
    sql = f"""{_LOCKED} WHERE package_id = :package
        AND state IN ('published', 'yanked', 'withdrawn') ORDER BY id FOR NO KEY UPDATE"""
    return await rows.all_rows(connection, LockedVersion, sql, {"package": package_id})


async def raise_revision(connection: Connection, package_ids: Sequence[int]) -> None:
    """Have the packages' index documents signed anew."""
    sql = "UPDATE packages SET revision = revision + 1 WHERE id = ANY(:ids)"
    await rows.run(connection, sql, {"ids": list(package_ids)})


async def set_deprecated(
    connection: Connection, version_ids: Sequence[int], message: str | None
) -> int:
    """Keep another message of deprecation, None for none; returns how many versions changed."""
    sql = """
        UPDATE versions SET deprecated = :message
        WHERE id = ANY(:ids) AND deprecated IS DISTINCT FROM :message"""
    return await rows.run(connection, sql, {"ids": list(version_ids), "message": message})


async def set_tag(connection: Connection, package_id: int, tag: str, version_id: int) -> bool:
    """Point a tag at a version; False when it does so already."""
    sql = """
        INSERT INTO dist_tags (package_id, tag, version_id) VALUES (:package, :tag, :version)
        ON CONFLICT (package_id, tag) DO UPDATE
            SET version_id = excluded.version_id, updated_at = now()
            WHERE dist_tags.version_id <> excluded.version_id"""
    values = {"package": package_id, "tag": tag, "version": version_id}
    return await rows.run(connection, sql, values) == 1


async def count_tags(connection: Connection, package_id: int) -> int:
    """Return how many tags a package has."""
    sql = "SELECT count(*) FROM dist_tags WHERE package_id = :id"
    return int(await rows.scalar(connection, sql, {"id": package_id}))


async def delete_tag(connection: Connection, package_id: int, tag: str) -> bool:
    """Remove a tag; False when there is none."""
    sql = "DELETE FROM dist_tags WHERE package_id = :package AND tag = :tag"
    return await rows.run(connection, sql, {"package": package_id, "tag": tag}) == 1


@dataclass(frozen=True, slots=True)
class Dependent:
    """A published version that names a package as a dependency."""

    package: str
    version: str
    wanted: str


async def dependents(
    connection: Connection, package: str, package_id: int, limit: int
) -> list[Dependent]:
    """Return published versions of other packages that need ``package``."""
    sql = """
        SELECT n.name || '/' || p.name, v.version, d.wanted
        FROM version_dependencies d
        JOIN versions v ON v.id = d.version_id
        JOIN packages p ON p.id = v.package_id
        JOIN namespaces n ON n.id = p.namespace_id
        WHERE d.package = :package AND p.id <> :id AND v.state = 'published'
        ORDER BY 1, v.id LIMIT :limit"""
    values = {"package": package, "id": package_id, "limit": limit}
    return await rows.all_rows(connection, Dependent, sql, values)


async def downloads_of_version(connection: Connection, version_id: int) -> int:
    """Return how often a version was fetched through the API, an address once a day.

    Addresses are counted by package. That bounds the version's: whoever fetches it over and over
    does not make it one that people rely on.
    """
    sql = """
        SELECT least(
            (SELECT coalesce(sum(count), 0) FROM download_counts WHERE version_id = v.id),
            (SELECT coalesce(sum(d.addresses), 0) FROM download_days d
             WHERE d.package_id = v.package_id
               AND d.day >= (v.created_at AT TIME ZONE 'UTC')::date))
        FROM versions v WHERE v.id = :id"""
    return int(await rows.scalar(connection, sql, {"id": version_id}))


async def withdraw(
    connection: Connection, version_id: int, kind: str, reason: str, asked_by: int | None
) -> bool:
    """Withdraw a published or yanked version; False when it is in no such state.

    Args:
        asked_by: an account; None for the operator at the shell.
    """
    sql = """
        UPDATE versions SET state = 'withdrawn'
        WHERE id = :id AND state IN ('published', 'yanked')"""
    values = {"id": version_id, "kind": kind, "reason": reason, "account": asked_by}
    if not await rows.run(connection, sql, values):
        return False
    note = """
        INSERT INTO withdrawals (version_id, kind, reason, asked_by)
        VALUES (:id, :kind, :reason, :account) ON CONFLICT (version_id) DO NOTHING"""
    await rows.run(connection, note, values)
    await rows.run(connection, "DELETE FROM dist_tags WHERE version_id = :id", values)
    return True
