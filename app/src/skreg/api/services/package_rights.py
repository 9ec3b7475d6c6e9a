"""Who may change a package, asked in the transaction that changes it."""

from __future__ import annotations

from skreg.db.pool import Connection
from skreg.db.queries import accounts, moves
from skreg.db.queries.accounts import NamespaceAccess
from skreg.db.queries.moves import Moving
from skreg.domain.permissions import Action, Principal, authorise
from skreg.domain.trusted_account import role_for
from skreg.errors import Conflict, Forbidden, Missing


async def permitted_namespace(
    connection: Connection,
    principal: Principal,
    namespace: str,
    action: Action,
    package: str | None = None,
) -> NamespaceAccess:
    """Return the namespace when the caller may do ``action`` there.

    Args:
        package: the package it is about; a token's limits must include it, or with None the
            whole namespace.

    Raises:
        Missing: there is no such namespace.
        Forbidden: credential, limits or role do not allow it, or the namespace is banned.
    """
    access = await accounts.access(connection, namespace, principal.account_id)
    if access is None:
        raise Missing(f"There is no namespace {namespace}.")
    role = role_for(principal, access.member_role, namespace, package)
    authorise(principal, action, namespace, role)
    if not principal.reaches(namespace, package):
        raise Forbidden(
            "This token is not for that.", why=f"It is limited to {', '.join(principal.limits)}."
        )
    if access.is_banned:
        raise banned(namespace)
    return access


def banned(namespace: str) -> Forbidden:
    """Return the refusal of every change in a banned namespace."""
    return Forbidden(
        f"The namespace {namespace} is banned.",
        why="Nothing is changed there any more.",
        fix="Ask an administrator of the registry.",
    )


async def permitted_package(
    connection: Connection, principal: Principal, namespace: str, name: str, action: Action
) -> Moving:
    """Return the package when it exists and the caller may do ``action`` to it.

    Raises:
        Missing, Forbidden: as ``permitted_namespace``; also no such package.
    """
    await permitted_namespace(connection, principal, namespace, action, name)
    found = await moves.package(connection, namespace, name)
    if found is None:
        raise Missing(f"There is no package {namespace}/{name}.")
    return found


async def require_here(connection: Connection, package: Moving) -> None:
    """Pass unless the package goes on under another name.

    Raises:
        Conflict: it does; the message says where.
    """
    if package.moved_to is not None:
        raise await moved(connection, package.id, f"{package.namespace}/{package.name}")


async def moved(connection: Connection, package_id: int, package: str) -> Conflict:
    """Return the refusal of every new version of a package that goes on under another name."""
    target = await moves.target_of(connection, package_id)
    return Conflict(
        f"{package} goes on as {target}.",
        why="An archive is signed under one name; the old name keeps the versions it has.",
        fix=f"Publish as {target}.",
    )


async def record(
    connection: Connection, principal: Principal, action: str, subject: str, **details: object
) -> None:
    """Write one line of the audit trail about a package."""
    await accounts.record(
        connection, principal.account_id, action, subject, principal.address, details
    )
