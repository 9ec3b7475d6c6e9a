"""Yank and unyank: the row changes at once, the log entry and the signed index follow."""

from __future__ import annotations

import secrets

from skreg.api.services.package_rights import permitted_namespace, record
from skreg.bootstrap import ApiContainer
from skreg.db.engine import writing
from skreg.db.queries import catalogue, log
from skreg.domain.events import Event, EventKind
from skreg.domain.permissions import Action, Principal
from skreg.domain.states import VISIBLE, VersionState
from skreg.errors import Conflict, Missing
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
        Forbidden, Missing: the caller may not, or there is no such version.
        Conflict: the version is not one that can be yanked, for example withdrawn.
    """
    wanted = VersionState.YANKED if yanked else VersionState.PUBLISHED
    async with writing(container.engine) as connection:
        await permitted_namespace(connection, principal, name[0], Action.YANK, name[1])
        found = await catalogue.version(connection, *name)
        subject = f"{name[0]}/{name[1]}@{name[2]}"
        if found is None or found.state not in VISIBLE:
            raise Missing(f"There is no published {subject}.")
        kept = reason or None if yanked else None
        if await catalogue.set_yanked(connection, found.id, reason=kept, yanked=yanked):
            kind = "yank" if yanked else "unyank"
            dedup = f"{kind}:{found.id}:{secrets.token_hex(8)}"
            await log.request(connection, kind, dedup, found.package_id, found.id)
            await record(connection, principal, kind, subject, reason=reason)
            event = EventKind.YANKED if yanked else EventKind.UNYANKED
            told = Event(event, name[0], subject, {"reason": reason})
            await emit(container.queue, connection, told)
            await defer_settle(container.queue, connection)
        elif found.state != wanted:
            raise Conflict(f"{subject} is {found.state} and stays so.")
    return wanted.value
