"""Taking a new version: package row, version row, vetting row; each safe to race."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class TakenVersion:
    """A version number that is in use, and by which bytes."""

    id: int
    sha256: str
    content_digest: str
    state: str


async def package_id(connection: AsyncConnection, namespace_id: int, name: str) -> int | None:
    """Return the package's number; None when there is none of that name."""
    sql = "SELECT id FROM packages WHERE namespace_id = :ns AND name = :name"
    found: int | None = await rows.scalar(connection, sql, {"ns": namespace_id, "name": name})
    return found


async def insert_package(
    connection: AsyncConnection, namespace_id: int, name: str, look_alike: str
) -> int | None:
    """Insert a package; None when the name or one that looks like it is taken."""
    sql = """
        INSERT INTO packages (namespace_id, name, look_alike, name_hash)
        SELECT id, :name, :twin, sha256(convert_to(name || '/' || :name, 'UTF8'))
        FROM namespaces WHERE id = :ns
        ON CONFLICT DO NOTHING RETURNING id"""
    values = {"ns": namespace_id, "name": name, "twin": look_alike}
    found: int | None = await rows.scalar(connection, sql, values)
    return found


async def name_that_looks_like(
    connection: AsyncConnection, namespace_id: int, look_alike: str
) -> str | None:
    """Return the name that holds this look-alike form in the namespace."""
    sql = "SELECT name FROM packages WHERE namespace_id = :ns AND look_alike = :twin"
    found: str | None = await rows.scalar(connection, sql, {"ns": namespace_id, "twin": look_alike})
    return found


async def taken(connection: AsyncConnection, package: int, version: str) -> TakenVersion | None:
    """Return who has this version number; None while it is free."""
    sql = """
        SELECT id, sha256, content_digest, state FROM versions
        WHERE package_id = :package AND version = :version"""
    values = {"package": package, "version": version}
    return await rows.one_row(connection, TakenVersion, sql, values)


async def insert_version(
    connection: AsyncConnection,
    *,
    package: int,
    version: str,
    sha256: str,
    content_digest: str,
    size: int,
    manifest: Mapping[str, object],
    uploaded_by: int,
) -> int | None:
    """Take a version number; None when somebody has it. Waits for a racing transaction."""
    sql = """
        WITH made AS (
            INSERT INTO versions
                (package_id, version, sha256, content_digest, size, manifest, signer, uploaded_by,
                 state)
            VALUES (:package, :version, :sha256, :digest, :size, CAST(:manifest AS jsonb),
                    jsonb_build_object('kind', 'registry'), :account, 'uploaded')
            ON CONFLICT (package_id, version) DO NOTHING RETURNING id)
        INSERT INTO vetting_jobs (version_id, steps)
        SELECT id, jsonb_build_array(jsonb_build_object('step', 'uploaded', 'at', now()))
        FROM made RETURNING version_id"""
    values: dict[str, object] = {
        "package": package,
        "version": version,
        "sha256": sha256,
        "digest": content_digest,
        "size": size,
        "manifest": json.dumps(manifest),
        "account": uploaded_by,
    }
    found: int | None = await rows.scalar(connection, sql, values)
    return found


async def is_promised(
    connection: AsyncConnection, namespace: str, name: str, version: str, sha256: str
) -> bool:
    """Whether a version was made of these bytes."""
    sql = """
        SELECT EXISTS (
            SELECT FROM versions v
            JOIN packages p ON p.id = v.package_id JOIN namespaces n ON n.id = p.namespace_id
            WHERE n.name = :ns AND p.name = :name
              AND v.version = :version AND v.sha256 = :sha256)"""
    values = {"ns": namespace, "name": name, "version": version, "sha256": sha256}
    return bool(await rows.scalar(connection, sql, values))
