"""Reports about versions, and what people decided of quarantined ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A report with the version it is about."""

    id: str
    namespace: str
    name: str
    version: str
    version_id: int
    package_id: int
    reporter: str
    kind: str
    message: str
    state: str
    created_at: datetime
    handled_by: str | None
    handled_at: datetime | None
    note: str | None


_REPORT = """
    SELECT r.id, n.name, p.name, v.version, v.id, p.id, a.username, r.kind, r.message, r.state,
           r.created_at, h.username, r.handled_at, r.note
    FROM reports r JOIN versions v ON v.id = r.version_id
    JOIN packages p ON p.id = v.package_id JOIN namespaces n ON n.id = p.namespace_id
    JOIN accounts a ON a.id = r.reporter_id LEFT JOIN accounts h ON h.id = r.handled_by WHERE """


async def insert(
    connection: Connection,
    report_id: str,
    version_id: int,
    reporter_id: int,
    kind: str,
    message: str,
) -> bool:
    """Insert a report; False when the same person's about that version is still open."""
    sql = """
        INSERT INTO reports (id, version_id, reporter_id, kind, message)
        VALUES (:id, :version, :reporter, :kind, :message) ON CONFLICT DO NOTHING"""
    values: dict[str, object] = {"id": report_id, "version": version_id, "kind": kind}
    values |= {"reporter": reporter_id, "message": message}
    return await rows.run(connection, sql, values) == 1


async def of_day(connection: Connection, reporter_id: int) -> int:
    """Return how many reports an account wrote within a day."""
    sql = """
        SELECT count(*) FROM reports
        WHERE reporter_id = :id AND created_at > now() - interval '1 day'"""
    return int(await rows.scalar(connection, sql, {"id": reporter_id}))


async def one(connection: Connection, report_id: str) -> ReportFacts | None:
    """Return one report."""
    return await rows.one_row(connection, ReportFacts, f"{_REPORT} r.id = :id", {"id": report_id})


async def open_one(connection: Connection, version_id: int, reporter_id: int) -> ReportFacts | None:
    """Return a person's open report about a version."""
    sql = f"{_REPORT} r.version_id = :version AND r.reporter_id = :reporter AND r.state = 'open'"
    values = {"version": version_id, "reporter": reporter_id}
    return await rows.one_row(connection, ReportFacts, sql, values)


async def in_state(connection: Connection, state: str, after: str, limit: int) -> list[ReportFacts]:
    """Return reports in a state, oldest first, those after the one of that id."""
    sql = f"""{_REPORT} r.state = :state AND (:after = '' OR (r.created_at, r.id) >
        (SELECT b.created_at, b.id FROM reports b WHERE b.id = :after))
        ORDER BY r.created_at, r.id LIMIT :limit"""  # noqa: S608
    values = {"state": state, "after": after, "limit": limit}
    return await rows.all_rows(connection, ReportFacts, sql, values)


async def written_by(connection: Connection, reporter_id: int, limit: int) -> list[ReportFacts]:
    """Return an account's reports, newest first."""
    sql = f"{_REPORT} r.reporter_id = :id ORDER BY r.created_at DESC, r.id LIMIT :limit"
    return await rows.all_rows(connection, ReportFacts, sql, {"id": reporter_id, "limit": limit})


async def close(
    connection: Connection, report_id: str, state: str, note: str, by: int | None
) -> bool:
    """Close an open report; False when it was closed before."""
    sql = """
        UPDATE reports SET state = :state, note = :note, handled_by = :by, handled_at = now()
        WHERE id = :id AND state = 'open'"""
    values = {"id": report_id, "state": state, "note": note, "by": by}
    return await rows.run(connection, sql, values) == 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """A quarantined version and why."""

    version_id: int
    namespace: str
    name: str
    version: str
    uploaded_by: str
    created_at: datetime
    findings: Sequence[Mapping[str, Any]]


async def waiting(connection: Connection, after: int, limit: int) -> list[Waiting]:
    """Return quarantined versions, oldest first, those after a version's number."""
    sql = """
        SELECT v.id, n.name, p.name, v.version, a.username, v.created_at, w.findings
        FROM versions v JOIN packages p ON p.id = v.package_id
        JOIN namespaces n ON n.id = p.namespace_id JOIN accounts a ON a.id = v.uploaded_by
        JOIN vetting_jobs w ON w.version_id = v.id
        WHERE v.state = 'quarantined' AND v.id > :after ORDER BY v.id LIMIT :limit"""
    return await rows.all_rows(connection, Waiting, sql, {"after": after, "limit": limit})


async def decide(
    connection: Connection, version_id: int, outcome: str, note: str, by: int | None
) -> bool:
    """Keep a decision on a quarantined version and move it on; False when it is not in that state.

    A released one is vetted again, which the decision then lets pass.
    """
    state = {"released": "vetting", "rejected": "rejected"}[outcome]
    sql = "UPDATE versions SET state = :state WHERE id = :id AND state = 'quarantined'"
    if await rows.run(connection, sql, {"id": version_id, "state": state}) != 1:
        return False
    keep = """
        INSERT INTO reviews (version_id, outcome, note, decided_by)
        VALUES (:id, :outcome, :note, :by)
        ON CONFLICT (version_id) DO UPDATE SET outcome = excluded.outcome, note = excluded.note,
            decided_by = excluded.decided_by, decided_at = now()"""
    values = {"id": version_id, "outcome": outcome, "note": note, "by": by}
    await rows.run(connection, keep, values)
    told = """
        UPDATE vetting_jobs SET steps = steps || jsonb_build_array(
            jsonb_build_object('step', CAST(:step AS text), 'at', now())),
            finished_at = CASE WHEN :step = 'rejected' THEN now() END
        WHERE version_id = :id"""
    await rows.run(connection, told, {"id": version_id, "step": outcome})
    return True


async def is_released(connection: Connection, version_id: int) -> bool:
    """Whether a person let a version pass in spite of what vetting found."""
    sql = "SELECT EXISTS (SELECT 1 FROM reviews WHERE version_id = :id AND outcome = 'released')"
    return bool(await rows.scalar(connection, sql, {"id": version_id}))
