"""Yank and unyank: the row changes at once, the log entry and the signed index follow."""

from __future__ import annotations

import secrets

from skreg.api.services.desk import Desk
from skreg.api.services.package_rights import permitted_namespace
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, writing
from skreg.db.queries import catalogue, log, yanks
from skreg.db.queries.catalogue import VersionFacts
from skreg.domain.events import Event, EventKind
from skreg.domain.permissions import Action, Principal
from skreg.domain.states import VISIBLE, VersionState
from skreg.errors import Conflict, Forbidden, Missing
from skreg.events import emit
from skreg.queue import defer_settle


async def set_yanked(
    container: ApiContainer,
    principal: Principal,
    name: tuple[str, str, str],
    *,
    reason: str,
    yanked: bool,
) -> str:
    """Yank ``(namespace, name, version)`` or take that back; returns the state it has then.

    Doing again what is done is no error and no second log entry.

    Raises:
        Forbidden: the caller may not, or the registry yanked it.
        Missing: there is no such version.
        Conflict: the version is not one that can be yanked, for example withdrawn.
    """
    desk = Desk.of(container, principal, staff=False)
    async with writing(container.pool) as connection:
        await permitted_namespace(connection, principal, name[0], Action.YANK, name[1])
        found = await _visible(connection, name)
        if not yanked and await yanks.is_by_staff(connection, found.id):
            raise Forbidden(
                f"{_subject(found)} was yanked by the registry.",
                why=found.yanked_reason or "",
                fix="Ask an administrator of the registry.",
            )
        return await _set(desk, connection, found, reason, yanked=yanked)


async def by_staff(desk: Desk, name: tuple[str, str, str], *, reason: str, yanked: bool) -> str:
    """Do the same for the registry: its owners do not bring back what is yanked so.

    Raises:
        Missing, Conflict: as ``set_yanked``.
    """
    async with writing(desk.pool) as connection:
        return await by_staff_in(desk, connection, name, reason=reason, yanked=yanked)


async def by_staff_in(
    desk: Desk,
    connection: Connection,
    name: tuple[str, str, str],
    *,
    reason: str,
    yanked: bool,
) -> str:
    """Do that as part of a transaction that does more."""
    found = await _visible(connection, name)
    told = f"By the registry: {reason}"[:500]
    if yanked and await yanks.take_over(connection, found.id, told):
        await desk.record(connection, "yank-taken-over", _subject(found), reason=told)
        return VersionState.YANKED.value
    return await _set(desk, connection, found, told, yanked=yanked)


async def _visible(connection: Connection, name: tuple[str, str, str]) -> VersionFacts:
    found = await catalogue.version(connection, *name)
    if found is None or found.state not in VISIBLE:
        raise Missing(f"There is no published {name[0]}/{name[1]}@{name[2]}.")
    return found


async def _set(
    desk: Desk, connection: Connection, found: VersionFacts, reason: str, *, yanked: bool
) -> str:
    """Change the row, and tell log, audit trail and webhooks of it when that changed something."""
    wanted = VersionState.YANKED if yanked else VersionState.PUBLISHED
    kept = (reason or None) if yanked else None
    if await yanks.set_yanked(
        connection, found.id, reason=kept, yanked=yanked, by_staff=desk.staff
    ):
        await _tell(desk, connection, found, reason, yanked=yanked)
    elif found.state != wanted:
        raise Conflict(f"{_subject(found)} is {found.state} and stays so.")
    return wanted.value


async def _tell(
    desk: Desk, connection: Connection, found: VersionFacts, reason: str, *, yanked: bool
) -> None:
    kind = "yank" if yanked else "unyank"
    dedup = f"{kind}:{found.id}:{secrets.token_hex(8)}"
    await log.request(connection, kind, dedup, found.package_id, found.id)
    await desk.record(connection, kind, _subject(found), reason=reason)
    event = EventKind.YANKED if yanked else EventKind.UNYANKED
    told = Event(event, found.namespace, _subject(found), {"reason": reason})
    await emit(desk.queue, connection, told)
    await defer_settle(desk.queue, connection)


def _subject(found: VersionFacts) -> str:
    return f"{found.namespace}/{found.name}@{found.version}"
