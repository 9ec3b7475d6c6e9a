"""Reading packages and versions, with who may see what."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from skillpkg.errors import SkillpkgError
from skillpkg.types import Namespace, PackageName
from skreg.bootstrap import ApiContainer
from skreg.db.engine import reading
from skreg.db.queries import accounts, catalogue
from skreg.db.queries.catalogue import VersionFacts, WorkFacts
from skreg.domain.permissions import Principal
from skreg.domain.states import VISIBLE
from skreg.domain.versions import latest
from skreg.errors import Missing


async def package(
    container: ApiContainer, namespace: str, name: str
) -> tuple[list[VersionFacts], dict[str, str], int]:
    """Return a package's visible versions, its dist-tags with ``latest``, and its downloads.

    Raises:
        Missing: nothing of that name is visible.
    """
    async with reading(container.engine) as connection:
        found = await _versions(connection, namespace, name)
        tags = await catalogue.tags_of(connection, found[0].package_id)
        downloads = await catalogue.downloads_of(connection, found[0].package_id)
    newest = latest((item.version, item.state) for item in found)
    if newest is not None:
        tags["latest"] = newest
    return found, tags, downloads


async def version(container: ApiContainer, namespace: str, name: str, wanted: str) -> VersionFacts:
    """Return the visible version that a number, a tag or ``latest`` names.

    Raises:
        Missing: there is none.
    """
    async with reading(container.engine) as connection:
        exact = await catalogue.version(connection, *_names(namespace, name), wanted)
        if exact is not None and exact.state in VISIBLE:
            return exact
        found = await _versions(connection, namespace, name)
        tags = await catalogue.tags_of(connection, found[0].package_id)
    number = tags.get(wanted)
    if wanted == "latest":
        number = latest((item.version, item.state) for item in found)
    for item in found:
        if item.version == number:
            return item
    raise Missing(f"{namespace}/{name} has no version or tag {wanted}.")


async def status(
    container: ApiContainer, principal: Principal | None, namespace: str, name: str, number: str
) -> tuple[VersionFacts, WorkFacts]:
    """Return a version in whatever state, with the work on it; members only until it is visible.

    Raises:
        Missing: there is none, or the caller may not know of it.
    """
    async with reading(container.engine) as connection:
        found = await catalogue.version(connection, *_names(namespace, name), number)
        if found is None or not await _may_see(connection, principal, found):
            raise Missing(f"There is no {namespace}/{name}@{number}.")
        return found, await catalogue.work_on(connection, found.id)


async def _may_see(
    connection: AsyncConnection, principal: Principal | None, found: VersionFacts
) -> bool:
    if found.state in VISIBLE:
        return True
    if principal is None:
        return False
    access = await accounts.access(connection, found.namespace, principal.account_id)
    return principal.is_admin or (access is not None and access.role is not None)


async def _versions(connection: AsyncConnection, namespace: str, name: str) -> list[VersionFacts]:
    found = await catalogue.visible_versions(connection, *_names(namespace, name))
    if not found:
        raise Missing(f"There is no package {namespace}/{name}.")
    return found


def _names(namespace: str, name: str) -> tuple[str, str]:
    """Return both names; a text that is no name is missing, not a mistake."""
    try:
        return str(Namespace.parse(namespace)), str(PackageName.parse(name))
    except SkillpkgError as error:
        raise Missing(f"There is no package {namespace}/{name}.", why=error.what) from error
