"""The review queue: versions that vetting left to people, released or rejected by one."""

from __future__ import annotations

from skreg.api.services.desk import Desk
from skreg.db.pool import reading, writing
from skreg.db.queries import catalogue, reports
from skreg.db.queries.reports import Waiting
from skreg.domain.events import Event, EventKind
from skreg.domain.moderation import ReviewOutcome
from skreg.errors import Conflict, Missing
from skreg.events import emit
from skreg.queue import defer_advance

PAGE = 100
_EVENTS = {
    ReviewOutcome.RELEASED: EventKind.RELEASED,
    ReviewOutcome.REJECTED: EventKind.REJECTED,
}


async def waiting(desk: Desk, after: int) -> list[Waiting]:
    """Return up to a hundred quarantined versions, oldest first."""
    async with reading(desk.pool) as connection:
        return await reports.waiting(connection, after, PAGE)


async def decide(desk: Desk, name: tuple[str, str, str], outcome: ReviewOutcome, note: str) -> str:
    """Release or reject a quarantined ``(namespace, name, version)``; returns its new state.

    Raises:
        Missing: no such version.
        Conflict: it is not quarantined.
    """
    subject = f"{name[0]}/{name[1]}@{name[2]}"
    async with writing(desk.pool) as connection:
        found = await catalogue.version(connection, *name)
        if found is None:
            raise Missing(f"There is no {subject}.")
        if not await reports.decide(connection, found.id, outcome.value, note, desk.account_id):
            raise Conflict(f"{subject} is {found.state}, not quarantined.")
        await desk.record(connection, f"review-{outcome.value}", subject, note=note)
        event = Event(_EVENTS[outcome], name[0], subject, {"note": note})
        await emit(desk.queue, connection, event)
        if outcome is ReviewOutcome.RELEASED:
            await defer_advance(desk.queue, connection, found.id)
        changed = await catalogue.version(connection, *name)
    return changed.state if changed else found.state
