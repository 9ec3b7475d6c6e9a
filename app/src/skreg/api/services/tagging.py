"""Deprecation and dist-tags: rows that the package's next signed index document shows."""

from __future__ import annotations

from skillpkg.errors import VersionInvalid
from skillpkg.version import Range, Version
from skreg.api.services.package_rights import permitted_package, record
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import catalogue, releases
from skreg.db.queries.moves import Moving
from skreg.db.queries.releases import LockedVersion
from skreg.domain.events import Event, EventKind
from skreg.domain.permissions import Action, Principal
from skreg.domain.releases import LATEST, may_be_tag, with_latest
from skreg.domain.states import VISIBLE, VersionState
from skreg.errors import Conflict, Missing, Unprocessable
from skreg.events import emit
from skreg.queue import defer_settle

MAX_TAGS = 100
"""Tags one package may have: each stands in its index document."""


async def deprecate(
    container: ApiContainer,
    principal: Principal,
    package: tuple[str, str],
    wanted: str,
    message: str | None,
) -> list[str]:
    """Say of versions that they should no longer be used, or with None take that back.

    Args:
        wanted: an exact version, or a range such as ``<2`` or ``*``.

    Returns:
        The versions that ``wanted`` names, whether they said so before or not.

    Raises:
        Forbidden, Missing: the caller may not, or no visible version is meant.
        Unprocessable: ``wanted`` is neither a version nor a range.
    """
    async with writing(container.pool) as connection:
        found = await permitted_package(connection, principal, *package, Action.YANK)
        meant = _meant(await releases.lock_visible(connection, found.id), wanted)
        if not meant:
            raise Missing(f"{package[0]}/{package[1]} has no published version {wanted}.")
        changed = await releases.set_deprecated(connection, [one.id for one in meant], message)
        if changed:
            action = "undeprecate" if message is None else "deprecate"
            subject = f"{package[0]}/{package[1]}@{wanted}"
            await record(connection, principal, action, subject, message=message)
            await _tell(container, connection, found, wanted, message)
            await _resign(container, connection, found)
    return [one.version for one in meant]


async def _tell(
    container: ApiContainer,
    connection: Connection,
    package: Moving,
    wanted: str,
    message: str | None,
) -> None:
    kind = EventKind.UNDEPRECATED if message is None else EventKind.DEPRECATED
    told = {"versions": wanted, "message": message}
    subject = f"{package.namespace}/{package.name}"
    await emit(container.queue, connection, Event(kind, package.namespace, subject, told))


def _meant(versions: list[LockedVersion], wanted: str) -> list[LockedVersion]:
    exact = [one for one in versions if one.version == wanted]
    if exact:
        return exact
    try:
        chosen = Range.parse(wanted)
    except VersionInvalid as error:
        raise _invalid("range", "version", error.what, error.fix) from error
    return [one for one in versions if chosen.matches(Version.parse(one.version), prereleases=True)]


def _invalid(rule: str, path: str, detail: str, fix: str = "") -> Unprocessable:
    return Unprocessable(detail, fix=fix, errors=[{"rule": rule, "path": path, "detail": detail}])


async def _resign(container: ApiContainer, connection: Connection, package: Moving) -> None:
    await releases.raise_revision(connection, [package.id])
    await defer_settle(container.queue, connection)


async def tags(container: ApiContainer, namespace: str, name: str) -> dict[str, str]:
    """Return a package's dist-tags, ``latest`` among them.

    Raises:
        Missing: nothing of that name is visible.
    """
    async with reading(container.pool) as connection:
        found = await catalogue.visible_versions(connection, namespace, name)
        if not found:
            raise Missing(f"There is no package {namespace}/{name}.")
        kept = await catalogue.tags_of(connection, found[0].package_id)
    shown, _ = with_latest(kept, ((one.version, one.state) for one in found))
    return shown


async def set_tag(
    container: ApiContainer,
    principal: Principal,
    package: tuple[str, str],
    tag: str,
    version: str,
) -> None:
    """Point a tag at a published version.

    Raises:
        Forbidden, Missing: the caller may not, or there is no such version.
        Unprocessable: no name for a tag.
        Conflict: the version is not published, or the package has too many tags.
    """
    if not may_be_tag(tag):
        why = "A tag begins with a small letter and is neither a version nor a range."
        raise _invalid("tag", "tag", f"{tag[:80]!a} cannot be a tag. {why}")
    async with writing(container.pool) as connection:
        found = await permitted_package(connection, principal, *package, Action.PUBLISH)
        chosen = await releases.lock_version(connection, found.id, version)
        subject = f"{package[0]}/{package[1]}@{version}"
        if chosen is None or chosen.state not in VISIBLE:
            raise Missing(f"There is no published {subject}.")
        if chosen.state != VersionState.PUBLISHED:
            raise Conflict(
                f"{subject} is {chosen.state}.", fix="Tags lead people to it: choose another."
            )
        if await releases.set_tag(connection, found.id, tag, chosen.id):
            if await releases.count_tags(connection, found.id) > MAX_TAGS:
                raise Conflict(f"A package has {MAX_TAGS} tags at most.", fix="Delete old ones.")
            await record(connection, principal, "tag-set", subject, tag=tag)
            await _resign(container, connection, found)


async def delete_tag(
    container: ApiContainer, principal: Principal, package: tuple[str, str], tag: str
) -> None:
    """Remove a tag; without its own, ``latest`` is the highest release again.

    Raises:
        Forbidden, Missing: the caller may not, or there is no such tag.
    """
    async with writing(container.pool) as connection:
        found = await permitted_package(connection, principal, *package, Action.PUBLISH)
        if not await releases.delete_tag(connection, found.id, tag):
            what = f"{package[0]}/{package[1]} has no tag {tag} that was set."
            fix = "latest follows the highest release by itself." if tag == LATEST else ""
            raise Missing(what, fix=fix)
        subject = f"{package[0]}/{package[1]}"
        await record(connection, principal, "tag-deleted", subject, tag=tag)
        await _resign(container, connection, found)
