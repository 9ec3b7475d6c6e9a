"""Namespaces and who is in them."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.api.services.accounts import claim_name, new_name
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import accounts, namespaces
from skreg.db.queries.namespaces import (
    DomainFacts,
    MemberFacts,
    NamespaceFacts,
    OwnNamespace,
)
from skreg.domain.permissions import Action, MemberRole, Principal, authorise
from skreg.errors import Conflict, Missing, Unprocessable

MAX_ORGANISATIONS = 20
"""Organisations one account may own."""


@dataclass(frozen=True, slots=True)
class NamespaceView:
    """A namespace and the domains it has proved."""

    facts: NamespaceFacts
    domains: list[DomainFacts]


async def create(container: ApiContainer, principal: Principal, name: str) -> NamespaceView:
    """Create an organisation that the caller owns.

    Raises:
        Forbidden, Unprocessable, Conflict: as for an account; also too many organisations.
    """
    authorise(principal, Action.MANAGE_OWN)
    wanted = new_name(name, "name")
    async with writing(container.pool) as connection:
        if await namespaces.count_owned(connection, principal.account_id) >= MAX_ORGANISATIONS:
            raise Conflict(f"You own {MAX_ORGANISATIONS} organisations, which is the most.")
        await claim_name(connection, wanted)
        made = await accounts.insert_namespace(connection, wanted, "organisation")
        if made is None:
            raise Conflict(f"The name {wanted} is taken.", fix="Choose another name.")
        await accounts.set_member(connection, made, principal.account_id, MemberRole.OWNER)
        await record(connection, principal, "namespace-created", wanted)
        found = await by_name(connection, wanted)
    return NamespaceView(found, [])


async def by_name(connection: Connection, name: str) -> NamespaceFacts:
    """Return a namespace.

    Raises:
        Missing: there is none of that name.
    """
    found = await namespaces.by_name(connection, name)
    if found is None:
        raise Missing(f"There is no namespace {name}.")
    return found


async def show(container: ApiContainer, name: str) -> NamespaceView:
    """Return what anybody may know: kind, age, ban, and the domains it has proved.

    Raises:
        Missing: there is none of that name.
    """
    async with reading(container.pool) as connection:
        found = await by_name(connection, name)
        domains = await namespaces.domains(connection, found.id)
    return NamespaceView(found, [item for item in domains if item.verified_at is not None])


async def mine(container: ApiContainer, principal: Principal) -> list[OwnNamespace]:
    """Return the caller's namespaces and roles; a limited token sees what it reaches.

    Raises:
        Forbidden: the token may not read.
    """
    authorise(principal, Action.SEE_OWN)
    async with reading(container.pool) as connection:
        found = await namespaces.of_account(connection, principal.account_id)
    return [item for item in found if principal.reaches(item.name)]


async def members(container: ApiContainer, principal: Principal, name: str) -> list[MemberFacts]:
    """Return the members, to members.

    Raises:
        Missing, Forbidden
    """
    async with reading(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.SEE_MEMBERS)
        return await namespaces.members(connection, found.id)


async def permitted(
    connection: Connection, principal: Principal, name: str, action: Action
) -> NamespaceFacts:
    """Return the namespace when the caller may do ``action`` there.

    Raises:
        Missing: there is none of that name.  Forbidden: the caller may not.
    """
    found = await by_name(connection, name)
    role = await namespaces.role_of(connection, found.id, principal.account_id)
    authorise(principal, action, name, None if role is None else MemberRole(role))
    return found


async def set_role(
    container: ApiContainer, principal: Principal, name: str, username: str, role: MemberRole
) -> None:
    """Give a member another role.

    Raises:
        Missing: no such namespace or member.  Forbidden: the caller is no owner.
        Conflict: the last owner would be none.
        Unprocessable: an individual namespace has one owner, its own account.
    """
    async with writing(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.MANAGE)
        require_possible_role(found, username, role)
        account = await _member(connection, found, username)
        if role is not MemberRole.OWNER:
            await _require_other_owner(connection, found, account)
        await accounts.set_member(connection, found.id, account, role)
        await record(connection, principal, "member-role", name, member=username, role=role.value)


def require_possible_role(found: NamespaceFacts, username: str, role: MemberRole) -> None:
    """Pass when an account may have the role there.

    Raises:
        Unprocessable: an individual namespace has one owner, its own account.
    """
    if found.kind == "individual" and (role is MemberRole.OWNER) != (username == found.name):
        what = f"{found.name} belongs to the account {found.name} alone."
        error = {"rule": "individual", "path": "role", "detail": what}
        raise Unprocessable(what, fix="Create an organisation to share ownership.", errors=[error])


async def remove(container: ApiContainer, principal: Principal, name: str, username: str) -> None:
    """Remove a member; whoever removes itself leaves.

    Raises:
        Missing: no such namespace or member.  Forbidden: the caller is no owner.
        Conflict: the last owner stays.
    """
    action = Action.LEAVE if username == principal.username else Action.MANAGE
    async with writing(container.pool) as connection:
        found = await permitted(connection, principal, name, action)
        account = await _member(connection, found, username)
        await _require_other_owner(connection, found, account)
        await namespaces.remove_member(connection, found.id, account)
        await record(connection, principal, "member-removed", name, member=username)


async def _member(connection: Connection, found: NamespaceFacts, username: str) -> int:
    """Return a member's account, and hold the namespace so that its owners stay as counted."""
    await namespaces.lock(connection, found.id)
    account = await accounts.by_username(connection, username)
    role = await namespaces.role_of(connection, found.id, account.id) if account else None
    if account is None or role is None:
        raise Missing(f"{username} is no member of {found.name}.")
    return account.id


async def _require_other_owner(connection: Connection, found: NamespaceFacts, account: int) -> None:
    role = await namespaces.role_of(connection, found.id, account)
    if role != MemberRole.OWNER or await namespaces.other_owners(connection, found.id, account):
        return
    raise Conflict(
        f"{found.name} would have no owner.",
        why="Nobody could manage it or its packages any more.",
        fix="Make another member an owner first.",
    )


async def record(
    connection: Connection, principal: Principal, action: str, name: str, **details: object
) -> None:
    """Write one line of the audit trail about a namespace."""
    await accounts.record(
        connection, principal.account_id, action, name, principal.address, details
    )
