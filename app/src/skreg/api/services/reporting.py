"""Reports about versions: written by anybody with an account, triaged by administrators."""

from __future__ import annotations

import contextlib
import secrets

from skreg.api.services import yanking
from skreg.api.services.desk import Desk
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import catalogue, reports
from skreg.db.queries.reports import ReportFacts
from skreg.domain.events import Event, EventKind
from skreg.domain.moderation import ReportKind, ReportState
from skreg.domain.states import VISIBLE
from skreg.errors import Conflict, Missing, TooManyRequests
from skreg.events import emit

PAGE = 100
PER_DAY = 50
"""Reports an account may write within a day."""


async def report(
    desk: Desk, name: tuple[str, str, str], kind: ReportKind, message: str
) -> tuple[ReportFacts, bool]:
    """Report ``(namespace, name, version)``; returns the report, and whether it is a new one.

    A second report of a version while the first is open is the first.

    Raises:
        Missing: there is no such published version.
        TooManyRequests: over ``PER_DAY``.
    """
    if desk.account_id is None:
        raise Conflict("A report has somebody who wrote it.")
    async with writing(desk.pool) as connection:
        found = await catalogue.version(connection, *name)
        if found is None or found.state not in VISIBLE:
            raise Missing(f"There is no published {name[0]}/{name[1]}@{name[2]}.")
        present = await reports.open_one(connection, found.id, desk.account_id)
        if present is not None:
            return present, False
        if await reports.of_day(connection, desk.account_id) >= PER_DAY:
            raise TooManyRequests(f"{PER_DAY} reports a day are taken.", retry_after=3600)
        made = await _insert(connection, desk, found.id, kind, message)
    return made


async def _insert(
    connection: Connection, desk: Desk, version_id: int, kind: ReportKind, message: str
) -> tuple[ReportFacts, bool]:
    by = desk.account_id or 0
    report_id = secrets.token_hex(8)
    new = await reports.insert(connection, report_id, version_id, by, kind.value, message)
    found = await reports.open_one(connection, version_id, by)
    if found is None:
        raise Missing("The report was closed meanwhile.")
    if new:
        await desk.record(connection, "report", _subject(found), report=report_id, kind=kind.value)
        await _tell(desk, connection, EventKind.REPORTED, found)
    return found, new


async def mine(desk: Desk) -> list[ReportFacts]:
    """Return the caller's own reports, newest first."""
    async with reading(desk.pool) as connection:
        return await reports.written_by(connection, desk.account_id or 0, PAGE)


async def listing(desk: Desk, state: ReportState, after: str) -> list[ReportFacts]:
    """Return up to a hundred reports in a state, oldest first."""
    async with reading(desk.pool) as connection:
        return await reports.in_state(connection, state.value, after, PAGE)


async def triage(
    desk: Desk, report_id: str, outcome: ReportState, note: str, *, yank: bool
) -> ReportFacts:
    """Close a report; with ``yank`` the version is hidden from fresh resolution as well.

    Raises:
        Missing: no such report.
        Conflict: it was closed before.
    """
    async with writing(desk.pool) as connection:
        found = await reports.one(connection, report_id)
        if found is None:
            raise Missing(f"There is no report {report_id}.")
        if not await reports.close(connection, report_id, outcome.value, note, desk.account_id):
            raise Conflict(f"The report {report_id} is {found.state} already.")
        details = {"report": report_id, "outcome": outcome.value, "note": note, "yanked": yank}
        await desk.record(connection, "report-triaged", _subject(found), **details)
        if yank:
            await _hide(desk, connection, found, note)
        changed = await reports.one(connection, report_id)
        await _tell(desk, connection, EventKind.TRIAGED, changed or found)
        return changed or found


async def _hide(desk: Desk, connection: Connection, found: ReportFacts, note: str) -> None:
    which = (found.namespace, found.name, found.version)
    with contextlib.suppress(Conflict):  # it was withdrawn meanwhile, which hides it more
        await yanking.by_staff_in(desk, connection, which, reason=note, yanked=True)


async def _tell(desk: Desk, connection: Connection, kind: EventKind, found: ReportFacts) -> None:
    data = {"report": found.id, "kind": found.kind, "state": found.state}
    await emit(desk.queue, connection, Event(kind, found.namespace, _subject(found), data))


def _subject(found: ReportFacts) -> str:
    return f"{found.namespace}/{found.name}@{found.version}"
