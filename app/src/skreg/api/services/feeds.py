"""What was published and what changed, for feed readers and mirrors: published things alone."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.api.services import catalogue
from skreg.bootstrap import ApiContainer
from skreg.db.pool import reading
from skreg.db.queries import changes
from skreg.db.queries.changes import Change, Publication
from skreg.db.queries.readers import WHOLE, Sight
from skreg.domain.states import VersionState

ENTRIES = 50
"""Versions in one feed."""


@dataclass(frozen=True, slots=True)
class ChangesPage:
    """Changes after a cursor; ``next`` continues, ``newest`` is the last there was."""

    changes: list[Change]
    next: int
    newest: int


async def changes_since(
    container: ApiContainer, cursor: int, limit: int, sight: Sight = WHOLE
) -> ChangesPage:
    """Return what changed after ``cursor``, oldest first, each change exactly once."""
    async with reading(container.pool) as connection:
        newest = await changes.newest(connection, sight)
        found = await changes.since(connection, cursor, limit, sight)
    reached = found[-1].seq if found else cursor
    return ChangesPage(found, reached, max(newest, found[-1].seq if found else 0))


async def newest(container: ApiContainer, sight: Sight = WHOLE) -> list[Publication]:
    """Return the versions published last in the whole registry."""
    async with reading(container.pool) as connection:
        return await changes.publications(connection, ENTRIES, sight=sight)


async def of_package(container: ApiContainer, namespace: str, name: str) -> list[Publication]:
    """Return the versions of one package published last.

    Raises:
        Missing: nothing of that name is visible.
    """
    await catalogue.package(container, namespace, name)
    async with reading(container.pool) as connection:
        return await changes.publications(connection, ENTRIES, (namespace, name))


async def standing(container: ApiContainer, namespace: str, name: str) -> str:
    """Return what a badge says of a package: its newest version, or why there is none.

    Raises:
        Missing: nothing of that name is visible.
    """
    found, tags, _ = await catalogue.package(container, namespace, name)
    if "latest" in tags:
        return f"v{tags['latest']}"
    yanked = any(item.state == VersionState.YANKED for item in found)
    return "yanked" if yanked else "withdrawn"
