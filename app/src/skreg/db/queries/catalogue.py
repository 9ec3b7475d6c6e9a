"""What everybody may read of packages and versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """One version with its package's name; ``manifest`` is the archive's own."""

    id: int
    package_id: int
    namespace: str
    name: str
    version: str
    sha256: str
    content_digest: str
    size: int
    manifest: Mapping[str, Any]
    signer: Mapping[str, Any]
    chain: Sequence[bytes] | None
    state: str
    yanked_reason: str | None
    deprecated: str | None
    log_index: int | None
    created_at: datetime
    published_at: datetime | None


_VERSION = """
    SELECT v.id, v.package_id, n.name, p.name, v.version, v.sha256, v.content_digest, v.size,
           v.manifest, v.signer, v.chain, v.state, v.yanked_reason, v.deprecated, v.log_index,
           v.created_at, v.published_at
    FROM versions v
    JOIN packages p ON p.id = v.package_id
    JOIN namespaces n ON n.id = p.namespace_id
    """
_VISIBLE = "v.state IN ('published', 'yanked', 'withdrawn')"


async def version(
    connection: Connection, namespace: str, name: str, number: str
) -> VersionFacts | None:
    """Return one version in whatever state; the caller decides who may see it."""
    sql = f"{_VERSION} WHERE n.name = :ns AND p.name = :name AND v.version = :number"
    values = {"ns": namespace, "name": name, "number": number}
    return await rows.one_row(connection, VersionFacts, sql, values)


async def visible_versions(connection: Connection, namespace: str, name: str) -> list[VersionFacts]:
    """Return the versions that everybody may see, newest publication first."""
    sql = f"""{_VERSION} WHERE n.name = :ns AND p.name = :name AND {_VISIBLE}
        ORDER BY v.published_at DESC, v.id DESC"""
    return await rows.all_rows(connection, VersionFacts, sql, {"ns": namespace, "name": name})


async def tags_of(connection: Connection, package_id: int) -> dict[str, str]:
    """Return the package's dist-tags that name a visible version.

    ``latest`` is among them only when an owner set it; ``domain.releases.with_latest`` adds it.
    """
    sql = f"""
        SELECT t.tag, v.version FROM dist_tags t JOIN versions v ON v.id = t.version_id
        WHERE t.package_id = :id AND {_VISIBLE} ORDER BY t.tag"""  # noqa: S608
    found = await rows.all_rows(connection, _Pair, sql, {"id": package_id})
    return {item.key: item.value for item in found}


@dataclass(frozen=True, slots=True)
class _Pair:
    key: str
    value: str


async def downloads_of(connection: Connection, package_id: int) -> int:
    """Return how often the package's archives were fetched through the API."""
    sql = """
        SELECT coalesce(sum(d.count), 0) FROM download_counts d
        JOIN versions v ON v.id = d.version_id WHERE v.package_id = :id"""
    return int(await rows.scalar(connection, sql, {"id": package_id}))


async def add_downloads(connection: Connection, counts: Mapping[int, int]) -> None:
    """Add to today's counts, by version."""
    sql = """
        INSERT INTO download_counts (version_id, day, count)
        SELECT id, current_date, n FROM unnest(CAST(:ids AS bigint[]), CAST(:counts AS bigint[]))
            AS t (id, n) ORDER BY id
        ON CONFLICT (version_id, day)
        DO UPDATE SET count = download_counts.count + excluded.count"""
    await rows.run(connection, sql, {"ids": list(counts), "counts": list(counts.values())})


@dataclass(frozen=True, slots=True)
class WorkFacts:
    """How far the work on a version is; steps are ``{"step", "at"}``."""

    steps: Sequence[Mapping[str, str]]
    findings: Sequence[Mapping[str, Any]]


async def work_on(connection: Connection, version_id: int) -> WorkFacts:
    """Return the steps done and what vetting found."""
    sql = "SELECT steps, findings FROM vetting_jobs WHERE version_id = :id"
    return await rows.one_row(connection, WorkFacts, sql, {"id": version_id}) or WorkFacts((), ())
