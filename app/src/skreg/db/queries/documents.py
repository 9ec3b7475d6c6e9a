"""Index documents and what a finished refresh of the read plane changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class DirtyPackage:
    """A package whose newest document does not show its newest revision."""

    id: int
    namespace: str
    name: str
    revision: int
    sequence: int
    sha256: str | None
    committed: bool


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """A version as an index document lists it."""

    version: str
    sha256: str
    content_digest: str
    size: int
    release: bytes
    signer: Mapping[str, Any]
    published_at: datetime
    log_index: int
    state: str
    deprecated: str | None
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WaitingDocument:
    """A document that no timestamp reaches yet."""

    package_id: int
    package: str
    sequence: int
    revision: int
    envelope: bytes


@dataclass(frozen=True, slots=True)
class BinLine:
    """What a bin says of a package."""

    package: str
    sequence: int
    sha256: str


async def dirty(
    connection: Connection, revoked_leaves: Sequence[str], limit: int
) -> list[DirtyPackage]:
    """Return packages to be signed anew: changed, or signed by a leaf that was revoked."""
    sql = """
        SELECT p.id, n.name, p.name, p.revision, coalesce(d.sequence, 0), d.sha256,
               coalesce(d.committed, false)
        FROM packages p JOIN namespaces n ON n.id = p.namespace_id
        LEFT JOIN index_documents d ON d.package_id = p.id
        WHERE p.revision > coalesce(d.revision, 0) OR d.leaf_sha256 = ANY(:revoked)
        ORDER BY p.id LIMIT :limit"""
    values = {"revoked": list(revoked_leaves), "limit": limit}
    return await rows.all_rows(connection, DirtyPackage, sql, values)


async def listed(connection: Connection, package_id: int) -> list[ListedVersion]:
    """Return the versions whose objects stand in the store."""
    sql = """
        SELECT version, sha256, content_digest, size, release, signer, published_at, log_index,
               state, deprecated, manifest
        FROM versions WHERE package_id = :id AND revision IS NOT NULL ORDER BY id"""
    return await rows.all_rows(connection, ListedVersion, sql, {"id": package_id})


async def keep(
    connection: Connection,
    package: DirtyPackage,
    *,
    sequence: int,
    envelope: bytes,
    sha256: str,
    leaf_sha256: str,
    signed_at: datetime,
) -> None:
    """Keep a newly signed document in place of the one before."""
    sql = """
        INSERT INTO index_documents
            (package_id, sequence, revision, envelope, sha256, leaf_sha256, signed_at, committed)
        VALUES (:id, :sequence, :revision, :envelope, :sha256, :leaf, :at, false)
        ON CONFLICT (package_id) DO UPDATE SET sequence = excluded.sequence,
            revision = excluded.revision, envelope = excluded.envelope, sha256 = excluded.sha256,
            leaf_sha256 = excluded.leaf_sha256, signed_at = excluded.signed_at, committed = false
        """
    values: dict[str, object] = {"id": package.id, "revision": package.revision}
    values |= {"sequence": sequence, "envelope": envelope, "sha256": sha256}
    await rows.run(connection, sql, {**values, "leaf": leaf_sha256, "at": signed_at})


async def replaced(connection: Connection, keys: Sequence[str]) -> None:
    """Remember objects that nothing commits to any more; the time of the last mention counts."""
    sql = """
        INSERT INTO replaced_objects (key) SELECT DISTINCT unnest(CAST(:keys AS text[]))
        ON CONFLICT (key) DO UPDATE SET replaced_at = now()"""
    if keys:
        await rows.run(connection, sql, {"keys": list(keys)})


@dataclass(frozen=True, slots=True)
class ReplacedKey:
    """A replaced object and since when."""

    key: str
    at: datetime


async def replaced_before(connection: Connection, moment: datetime) -> list[ReplacedKey]:
    """Return what was replaced before ``moment``, oldest first."""
    sql = """
        SELECT key, replaced_at FROM replaced_objects WHERE replaced_at <= :moment
        ORDER BY replaced_at LIMIT 10000"""
    return await rows.all_rows(connection, ReplacedKey, sql, {"moment": moment})


async def forget_replaced(connection: Connection, keys: Sequence[str]) -> None:
    """Drop the rows of objects that are dealt with."""
    sql = "DELETE FROM replaced_objects WHERE key = ANY(:keys)"
    await rows.run(connection, sql, {"keys": list(keys)})


async def waiting(connection: Connection) -> list[WaitingDocument]:
    """Return the documents that the next timestamp must reach."""
    sql = """
        SELECT d.package_id, n.name || '/' || p.name, d.sequence, d.revision, d.envelope
        FROM index_documents d JOIN packages p ON p.id = d.package_id
        JOIN namespaces n ON n.id = p.namespace_id WHERE NOT d.committed ORDER BY d.package_id"""
    return await rows.all_rows(connection, WaitingDocument, sql)


async def count(connection: Connection) -> int:
    """Return how many packages have a document."""
    return int(await rows.scalar(connection, "SELECT count(*) FROM index_documents"))


async def under_prefix(connection: Connection, prefix: str) -> list[BinLine]:
    """Return the packages whose name's hash begins with the hex digits ``prefix``."""
    low = bytes.fromhex(prefix.ljust(64, "0"))
    high = bytes.fromhex(prefix.ljust(64, "f"))
    sql = """
        SELECT n.name || '/' || p.name, d.sequence, d.sha256
        FROM packages p JOIN namespaces n ON n.id = p.namespace_id
        JOIN index_documents d ON d.package_id = p.id
        WHERE p.name_hash BETWEEN :low AND :high"""
    return await rows.all_rows(connection, BinLine, sql, {"low": low, "high": high})


async def commit(connection: Connection, document: WaitingDocument) -> list[str]:
    """Note that a timestamp reaches the document; returns the versions that are published by it."""
    values = {
        "id": document.package_id,
        "sequence": document.sequence,
        "revision": document.revision,
    }
    sql = """
        UPDATE index_documents SET committed = true
        WHERE package_id = :id AND sequence = :sequence"""
    await rows.run(connection, sql, values)
    publish = """
        WITH shown AS (
            UPDATE versions SET state = 'published'
            WHERE package_id = :id AND state = 'logged' AND revision <= :revision
            RETURNING id, version),
        noted AS (
            UPDATE vetting_jobs SET finished_at = now(), steps = steps || jsonb_build_array(
                jsonb_build_object('step', 'published', 'at', now()))
            WHERE version_id IN (SELECT id FROM shown))
        SELECT version FROM shown ORDER BY id"""
    return await rows.all_rows(connection, str, publish, values)


@dataclass(frozen=True, slots=True)
class KeptTree:
    """The tree of bins that the last finished refresh wrote."""

    prefix_length: int
    root: bytes


async def state(connection: Connection) -> KeptTree | None:
    """Return what `save_state` kept, None before the first refresh."""
    sql = "SELECT prefix_length, root FROM read_plane_state"
    return await rows.one_row(connection, KeptTree, sql)


async def save_state(
    connection: Connection, prefix_length: int, root: bytes, size: int, issued_at: datetime
) -> None:
    """Keep what the newest timestamp commits to."""
    sql = """
        INSERT INTO read_plane_state (id, prefix_length, root, checkpoint_size, issued_at)
        VALUES (1, :length, :root, :size, :at)
        ON CONFLICT (id) DO UPDATE SET prefix_length = excluded.prefix_length,
            root = excluded.root, checkpoint_size = excluded.checkpoint_size,
            issued_at = excluded.issued_at"""
    values = {"length": prefix_length, "root": root, "size": size, "at": issued_at}
    await rows.run(connection, sql, values)


async def show_in_search(
    connection: Connection,
    package_id: int,
    namespace: str,
    name: str,
    version: str | None,
) -> None:
    """Let search find the package by its newest version; None hides it."""
    values = {"id": package_id, "ns": namespace, "name": name, "version": version}
    if version is None:
        await rows.run(connection, "DELETE FROM package_search WHERE package_id = :id", values)
        return
    sql = """
        INSERT INTO package_search (package_id, namespace, name, version, description, category,
                                    tags, published_at)
        SELECT :id, :ns, :name, version, manifest ->> 'description',
               coalesce(manifest ->> 'category', ''),
               ARRAY(SELECT jsonb_array_elements_text(coalesce(manifest -> 'tags', '[]'))),
               published_at
        FROM versions WHERE package_id = :id AND version = :version
        ON CONFLICT (package_id) DO UPDATE SET version = excluded.version,
            description = excluded.description, category = excluded.category,
            tags = excluded.tags, published_at = excluded.published_at"""
    await rows.run(connection, sql, values)
