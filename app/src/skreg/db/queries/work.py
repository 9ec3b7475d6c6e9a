"""The worker's view of versions: what is to be vetted, signed, released."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.domain.states import VersionState

_BEFORE_SIGNED = (VersionState.SUBMITTED, VersionState.UPLOADED, VersionState.VETTING)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One version as the steps need it.

    ``signature`` and ``chain`` are there from the beginning where a publisher signed; then
    ``submitted_index`` and ``submitted`` are the log's entry about the signature.
    """

    id: int
    package_id: int
    namespace: str
    name: str
    version: str
    sha256: str
    content_digest: str
    size: int
    signer: Mapping[str, Any]
    state: str
    signature: bytes | None
    chain: Sequence[bytes] | None
    log_index: int | None
    release: bytes | None
    entry: bytes | None
    submitted_index: int | None
    submitted: bytes | None

    @property
    def is_publishers(self) -> bool:
        """Whether its publisher signed it, and not the registry."""
        return self.signer.get("kind") == "publisher"

    @property
    def awaits_submission(self) -> bool:
        """Whether its publisher's signature is still to be logged."""
        return self.is_publishers and self.submitted is None and self.state in _BEFORE_SIGNED


_ITEM = """
    SELECT v.id, v.package_id, n.name, p.name, v.version, v.sha256, v.content_digest, v.size,
           v.signer, v.state, v.signature, v.chain, v.log_index, v.release, e.entry,
           s.index, s.entry
    FROM versions v
    JOIN packages p ON p.id = v.package_id
    JOIN namespaces n ON n.id = p.namespace_id
    LEFT JOIN log_entries e ON e.index = v.log_index
    LEFT JOIN log_entries s ON s.version_id = v.id AND s.kind = 'submitted'
    """


async def item(connection: Connection, version_id: int) -> WorkItem | None:
    """Return one version."""
    return await rows.one_row(connection, WorkItem, f"{_ITEM} WHERE v.id = :id", {"id": version_id})


async def mark_submitted(connection: Connection, version_id: int) -> bool:
    """Let a publisher's version go on to vetting; False when another run was quicker."""
    sql = "UPDATE versions SET state = 'uploaded' WHERE id = :id AND state = 'submitted'"
    if not await rows.run(connection, sql, {"id": version_id}):
        return False
    await add_step(connection, version_id, "submitted")
    return True


async def begin_vetting(connection: Connection, version_id: int) -> None:
    """Note that vetting has begun."""
    sql = "UPDATE versions SET state = 'vetting' WHERE id = :id AND state = 'uploaded'"
    if await rows.run(connection, sql, {"id": version_id}):
        await add_step(connection, version_id, "vetting")


async def finish_refused(
    connection: Connection, version_id: int, verdict: str, findings: list[dict[str, str]]
) -> None:
    """Keep the verdict of a version that goes no further: ``rejected`` or ``quarantined``."""
    sql = """
        UPDATE versions SET state = :state
        WHERE id = :id AND state IN ('submitted', 'uploaded', 'vetting')"""
    if await rows.run(connection, sql, {"id": version_id, "state": verdict}):
        await _keep_verdict(connection, version_id, verdict, findings, finished=True)
        await add_step(connection, version_id, verdict)


async def keep_signature(
    connection: Connection,
    version_id: int,
    findings: list[dict[str, str]],
    signature: bytes,
    chain: Sequence[bytes],
) -> bool:
    """Keep the verdict ``passed`` and the signature; False when another run was quicker.

    A publisher's signature and chain stand in the row already; they are written as they are.
    """
    sql = """
        UPDATE versions SET state = 'signed', signature = :signature, chain = :chain
        WHERE id = :id AND state = 'vetting'"""
    values = {"id": version_id, "signature": signature, "chain": list(chain)}
    if not await rows.run(connection, sql, values):
        return False
    await _keep_verdict(connection, version_id, "passed", findings, finished=False)
    await add_step(connection, version_id, "signed")
    return True


async def _keep_verdict(
    connection: Connection,
    version_id: int,
    verdict: str,
    findings: list[dict[str, str]],
    *,
    finished: bool,
) -> None:
    sql = """
        UPDATE vetting_jobs SET verdict = :verdict, findings = CAST(:findings AS jsonb),
            finished_at = CASE WHEN :finished THEN now() END
        WHERE version_id = :id"""
    values = {"id": version_id, "verdict": verdict, "findings": json.dumps(findings)}
    await rows.run(connection, sql, {**values, "finished": finished})


async def add_step(connection: Connection, version_id: int, step: str) -> None:
    """Append a finished step with the transaction's time."""
    sql = """
        UPDATE vetting_jobs SET steps = steps || jsonb_build_array(
            jsonb_build_object('step', CAST(:step AS text), 'at', now()))
        WHERE version_id = :id"""
    await rows.run(connection, sql, {"id": version_id, "step": step})


async def to_release(connection: Connection, limit: int) -> list[WorkItem]:
    """Return logged versions whose objects are not all written yet, oldest first."""
    sql = f"""{_ITEM} WHERE v.state = 'logged' AND v.revision IS NULL
        ORDER BY v.log_index LIMIT :limit"""
    return await rows.all_rows(connection, WorkItem, sql, {"limit": limit})


async def keep_release(connection: Connection, version_id: int, release: bytes) -> None:
    """Keep the release record before it is written, so that a second run writes the same."""
    sql = "UPDATE versions SET release = :release WHERE id = :id AND release IS NULL"
    await rows.run(connection, sql, {"id": version_id, "release": release})


async def mark_released(connection: Connection, version_id: int) -> None:
    """Note that archive, signature and release stand in the store: the index may name them."""
    sql = """
        WITH raised AS (
            UPDATE packages SET revision = revision + 1
            WHERE id = (SELECT package_id FROM versions WHERE id = :id AND revision IS NULL)
            RETURNING revision)
        UPDATE versions SET revision = raised.revision, published_at = now()
        FROM raised WHERE id = :id"""
    await rows.run(connection, sql, {"id": version_id})


async def note_failure(connection: Connection, version_id: int, error: str) -> None:
    """Count a failed run; the next is due after 2, 4, 8 … seconds, an hour at most."""
    sql = """
        UPDATE vetting_jobs SET attempts = attempts + 1, last_error = :error,
            next_attempt_at = now() + least(interval '1 hour',
                interval '1 second' * power(2, least(attempts + 1, 12)))
        WHERE version_id = :id"""
    await rows.run(connection, sql, {"id": version_id, "error": error[:2000]})


async def oldest_waiting(connection: Connection) -> float:
    """Return how many seconds ago the oldest unfinished version was uploaded; 0 without one."""
    sql = """
        SELECT coalesce(extract(epoch FROM now() - min(w.created_at)), 0)
        FROM versions v JOIN vetting_jobs w ON w.version_id = v.id
        WHERE v.state IN ('submitted', 'uploaded', 'vetting', 'signed', 'logged')"""
    return float(await rows.scalar(connection, sql))


async def without_job(connection: Connection, task: str, *, all_: bool) -> list[int]:
    """Return unfinished versions for which no job waits, for the sweeper to enqueue again.

    Args:
        all_: also those that a job may be working on; a worker that starts asks so, because
            the job of a killed one still reads as running.
    """
    sql = """
        SELECT v.id FROM versions v JOIN vetting_jobs w ON w.version_id = v.id
        WHERE v.state IN ('submitted', 'uploaded', 'vetting', 'signed', 'logged')
          AND (:all OR (w.next_attempt_at <= now() AND w.created_at < now() - interval '30 s'))
          AND NOT EXISTS (
            SELECT 1 FROM procrastinate_jobs j
            WHERE j.task_name = :task AND CAST(j.args ->> 'version_id' AS bigint) = v.id
              AND (j.status = 'todo' OR (j.status = 'doing' AND NOT :all)))
        ORDER BY v.id LIMIT 1000"""
    return await rows.all_rows(connection, int, sql, {"task": task, "all": all_})
