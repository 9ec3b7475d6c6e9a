"""Reading packages and versions, with who may see what."""

from __future__ import annotations

from skillpkg.errors import SkillpkgError
from skillpkg.types import Namespace, PackageName
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading
from skreg.db.queries import accounts, catalogue, moves
from skreg.db.queries.catalogue import VersionFacts, WorkFacts
from skreg.db.queries.moves import Target
from skreg.domain.permissions import Principal
from skreg.domain.releases import with_latest
from skreg.domain.states import VISIBLE
from skreg.domain.trusted_account import role_for
from skreg.errors import Missing


async def package(
    container: ApiContainer, namespace: str, name: str
) -> tuple[list[VersionFacts], dict[str, str], int]:
    """Return a package's visible versions, its dist-tags with ``latest``, and its downloads.

    Raises:
        Missing: nothing of that name is visible.
    """
    async with reading(container.pool) as connection:
        found = await _versions(connection, namespace, name)
        tags = await catalogue.tags_of(connection, found[0].package_id)
        downloads = await catalogue.downloads_of(connection, found[0].package_id)
    shown, _ = with_latest(tags, ((item.version, item.state) for item in found))
    return found, shown, downloads


async def target(container: ApiContainer, namespace: str, name: str) -> Target | None:
    """Return what an old name of a package leads to; None for a name that stays."""
    async with reading(container.pool) as connection:
        return await moves.target_of_name(connection, namespace, name)


async def version(container: ApiContainer, namespace: str, name: str, wanted: str) -> VersionFacts:
    """Return the visible version that a number, a tag or ``latest`` names.

    Raises:
        Missing: there is none.
    """
    async with reading(container.pool) as connection:
        exact = await catalogue.version(connection, *_names(namespace, name), wanted)
        if exact is not None and exact.state in VISIBLE:
            return exact
        found = await _versions(connection, namespace, name)
        tags = await catalogue.tags_of(connection, found[0].package_id)
    shown, _ = with_latest(tags, ((item.version, item.state) for item in found))
    number = shown.get(wanted)
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
    async with reading(container.pool) as connection:
        found = await catalogue.version(connection, *_names(namespace, name), number)
        if found is None or not await _may_see(connection, principal, found):
            raise Missing(f"There is no {namespace}/{name}@{number}.")
        return found, await catalogue.work_on(connection, found.id)


async def _may_see(
    connection: Connection, principal: Principal | None, found: VersionFacts
) -> bool:
    if found.state in VISIBLE:
        return True
    if principal is None:
        return False
    access = await accounts.access(connection, found.namespace, principal.account_id)
    if access is None:
        return principal.is_admin
    role = role_for(principal, access.member_role, found.namespace, found.name)
    return principal.is_admin or role is not None


async def _versions(connection: Connection, namespace: str, name: str) -> list[VersionFacts]:
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
