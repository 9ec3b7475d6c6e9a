"""Taking a version away: by its owner within rules, or by the registry.

The number stays taken and the row stays; the log gets a ``withdraw`` entry, the signed index says
``withdrawn``, and the worker removes the archive from store and CDN.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from skreg.api.services.desk import Desk
from skreg.api.services.package_rights import permitted_package
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, writing
from skreg.db.queries import log, moves, releases
from skreg.db.queries.moves import Moving
from skreg.db.queries.releases import LockedVersion
from skreg.domain.events import Event, EventKind
from skreg.domain.permissions import Action, Principal
from skreg.domain.releases import needs, why_not_unpublish
from skreg.domain.states import VISIBLE, VersionState
from skreg.errors import Conflict, Missing
from skreg.events import emit
from skreg.queue import defer_settle, defer_withdraw

MOST_DEPENDENTS = 1000
"""Dependents that are looked at; a package with more is used enough."""


class Kind(StrEnum):
    """Why a version is withdrawn."""

    UNPUBLISHED = "unpublished"
    TAKEDOWN = "takedown"


async def unpublish(
    container: ApiContainer, principal: Principal, name: tuple[str, str, str], reason: str
) -> str:
    """Withdraw ``(namespace, name, version)`` for its owner; returns its state then.

    Within 72 hours of publication, or when no published package needs it and few fetched it.
    Doing again what is done is no error and no second log entry.

    Raises:
        Forbidden, Missing: the caller is no owner, or there is no such version.
        Conflict: it is used, or not published yet.
    """
    desk = Desk.of(container, principal, staff=False)
    async with writing(desk.pool) as connection:
        package = await permitted_package(connection, principal, *name[:2], Action.MANAGE)
        version = await _published(connection, package, name[2])
        if version.state != VersionState.WITHDRAWN:
            await _require_unused(connection, package, version, desk.clock())
            await _withdraw(desk, connection, package, version, Kind.UNPUBLISHED, reason)
    return VersionState.WITHDRAWN.value


async def take_down(
    desk: Desk, package: tuple[str, str], version: str | None, reason: str
) -> list[str]:
    """Withdraw one version, or with None every published one, whoever uses it.

    Returns:
        The versions that are withdrawn now and were not before.

    Raises:
        Missing: no such package or version.  Conflict: the version is not published yet.
    """
    async with writing(desk.pool) as connection:
        found = await moves.package(connection, *package)
        if found is None:
            raise Missing(f"There is no package {package[0]}/{package[1]}.")
        if version is None:
            meant = await releases.lock_visible(connection, found.id)
        else:
            meant = [await _published(connection, found, version)]
        meant = [one for one in meant if one.state != VersionState.WITHDRAWN]
        for one in meant:
            await _withdraw(desk, connection, found, one, Kind.TAKEDOWN, reason)
    return [one.version for one in meant]


async def _published(connection: Connection, package: Moving, version: str) -> LockedVersion:
    found = await releases.lock_version(connection, package.id, version)
    if found is None:
        raise Missing(f"There is no {package.namespace}/{package.name}@{version}.")
    if found.state not in VISIBLE:
        raise Conflict(
            f"{package.namespace}/{package.name}@{version} is {found.state}.",
            why="Only what is published can be withdrawn.",
        )
    return found


async def _require_unused(
    connection: Connection, package: Moving, version: LockedVersion, now: datetime
) -> None:
    named = f"{package.namespace}/{package.name}"
    users = await releases.dependents(connection, named, package.id, MOST_DEPENDENTS)
    why = why_not_unpublish(
        version.published_at or now,
        now,
        {one.package for one in users if needs(one.wanted, version.version)},
        await releases.downloads_of_version(connection, version.id),
    )
    if why is not None:
        raise Conflict(
            f"{named}@{version.version} cannot be unpublished any more.",
            why=why,
            fix="Yank it: nobody new gets it, and whoever has locked it still does.",
        )


async def _withdraw(
    desk: Desk,
    connection: Connection,
    package: Moving,
    version: LockedVersion,
    kind: Kind,
    reason: str,
) -> None:
    await releases.withdraw(connection, version.id, kind.value, reason, desk.account_id)
    await releases.raise_revision(connection, [package.id])
    await log.request(connection, "withdraw", f"withdraw:{version.id}", package.id, version.id)
    subject = f"{package.namespace}/{package.name}@{version.version}"
    await desk.record(connection, kind.value, subject, reason=reason)
    told = {"kind": kind.value, "reason": reason}
    await emit(desk.queue, connection, Event(EventKind.WITHDRAWN, package.namespace, subject, told))
    await defer_withdraw(desk.queue, connection)
    await defer_settle(desk.queue, connection)
