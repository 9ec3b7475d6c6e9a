"""Who a package of a private registry is for: everybody with a token, or named readers."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.api.services.package_rights import banned
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import accounts, readers
from skreg.domain.permissions import Action, Principal, authorise
from skreg.errors import Conflict, Missing


@dataclass(frozen=True, slots=True)
class Readers:
    """Who a package is for; ``own`` is its own setting, None while it follows its namespace."""

    restricted: bool
    own: bool | None
    readers: list[str]


async def show(container: ApiContainer, principal: Principal, namespace: str, name: str) -> Readers:
    """Return who a package is for, to the members of its namespace.

    Raises:
        Missing, Forbidden
    """
    async with reading(container.pool) as connection:
        found = await _package(connection, principal, namespace, name, Action.SEE_MEMBERS)
        return await _readers(connection, found)


async def restrict(
    container: ApiContainer, principal: Principal, namespace: str, name: str, own: bool | None
) -> Readers:
    """Set whether only members and readers may read a package; None: as its namespace has it.

    Raises:
        Missing, Forbidden
        Conflict: the registry is public.
    """
    async with writing(container.pool) as connection:
        found = await _package(connection, principal, namespace, name, Action.MANAGE)
        _require_private(container)
        await readers.set_restricted(connection, found.id, restricted=own)
        await _record(connection, principal, "package-restricted", f"{namespace}/{name}", own)
        changed = readers.PackageAccess(found.id, own, found.namespace_restricted)
        return await _readers(connection, changed)


async def restrict_namespace(
    container: ApiContainer, principal: Principal, namespace: str, *, restricted: bool
) -> bool:
    """Set it for all packages of a namespace that say nothing themselves; errors as above."""
    async with writing(container.pool) as connection:
        namespace_id = await _namespace(connection, principal, namespace, Action.MANAGE)
        _require_private(container)
        await readers.restrict_namespace(connection, namespace_id, restricted=restricted)
        await _record(connection, principal, "namespace-restricted", namespace, restricted)
    return restricted


async def set_reader(
    container: ApiContainer,
    principal: Principal,
    package: tuple[str, str],
    username: str,
    *,
    may: bool,
) -> Readers:
    """Add an account to a package's readers or take it away; doing it again is no error.

    Raises:
        Missing: no such package or account.
        Forbidden, Conflict
    """
    async with writing(container.pool) as connection:
        found = await _package(connection, principal, *package, Action.MANAGE)
        _require_private(container)
        subject = f"{package[0]}/{package[1]}"
        if may and not await readers.add_reader(connection, found.id, username):
            raise Missing(f"There is no account {username}.")
        if not may:
            await readers.remove_reader(connection, found.id, username)
        action = "reader-added" if may else "reader-removed"
        details = {"username": username}
        await accounts.record(
            connection, principal.account_id, action, subject, principal.address, details
        )
        return await _readers(connection, found)


def _require_private(container: ApiContainer) -> None:
    if container.settings.visibility == "public":
        raise Conflict(
            "This registry is public: everybody may read every package.",
            fix="Set VISIBILITY=private and close the public way to its bucket first.",
        )


async def _package(
    connection: Connection, principal: Principal, namespace: str, name: str, action: Action
) -> readers.PackageAccess:
    await _namespace(connection, principal, namespace, action)
    found = await readers.access_to(connection, namespace, name)
    if found is None:
        raise Missing(f"There is no package {namespace}/{name}.")
    return found


async def _namespace(
    connection: Connection, principal: Principal, namespace: str, action: Action
) -> int:
    access = await accounts.access(connection, namespace, principal.account_id)
    if access is None:
        raise Missing(f"There is no namespace {namespace}.")
    authorise(principal, action, namespace, access.member_role)
    if access.is_banned and action is Action.MANAGE:
        raise banned(namespace)
    return access.id


async def _readers(connection: Connection, found: readers.PackageAccess) -> Readers:
    own = found.restricted
    restricted = found.namespace_restricted if own is None else own
    return Readers(restricted, own, await readers.readers_of(connection, found.id))


async def _record(
    connection: Connection,
    principal: Principal,
    action: str,
    subject: str,
    restricted: bool | None,
) -> None:
    details = {"restricted": restricted}
    await accounts.record(
        connection, principal.account_id, action, subject, principal.address, details
    )
