"""Invitations: an owner asks, the account answers; nobody becomes a member unasked."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from skreg.api.services.namespaces import permitted, record, require_possible_role
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import accounts, namespaces
from skreg.db.queries.namespaces import InvitationFacts
from skreg.domain.permissions import Action, MemberRole, Principal, authorise
from skreg.errors import Conflict, Missing

LIFETIME = timedelta(days=14)
MAX_OPEN = 100
"""Open invitations of one namespace."""
_ID = re.compile(r"[0-9a-f]{16}")


async def invite(
    container: ApiContainer, principal: Principal, name: str, username: str, role: MemberRole
) -> InvitationFacts:
    """Invite an account; an open invitation it has there is replaced.

    Raises:
        Missing: no such namespace or account.  Forbidden: the caller is no owner.
        Conflict: a member already, or too many are open.
        Unprocessable: the role cannot be given there.
    """
    async with writing(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.MANAGE)
        require_possible_role(found, username, role)
        account = await _invitee(connection, found.id, username)
        await namespaces.lock(connection, found.id)
        if len(await namespaces.invitations_to(connection, found.id)) >= MAX_OPEN:
            raise Conflict(f"{MAX_OPEN} invitations are open, which is the most.")
        made = secrets.token_hex(8)
        await namespaces.invite(
            connection,
            invitation_id=made,
            namespace_id=found.id,
            account_id=account,
            role=role.value,
            invited_by=principal.account_id,
            expires_at=container.clock() + LIFETIME,
        )
        await record(connection, principal, "invited", name, member=username, role=role.value)
        return await _open(connection, made)


async def _invitee(connection: Connection, namespace_id: int, username: str) -> int:
    account = await accounts.by_username(connection, username)
    if account is None or account.disabled:
        raise Missing(f"There is no account {username}.")
    if await namespaces.role_of(connection, namespace_id, account.id) is not None:
        raise Conflict(f"{username} is a member already.", fix="Change the role instead.")
    return account.id


async def _open(connection: Connection, invitation_id: str) -> InvitationFacts:
    known = _ID.fullmatch(invitation_id) is not None
    found = await namespaces.invitation(connection, invitation_id) if known else None
    if found is None:
        raise _nothing()
    return found


def _nothing() -> Missing:
    """Return one answer for no invitation and for another one's."""
    return Missing("There is no such invitation.", why="It is answered, withdrawn or over.")


async def of_namespace(
    container: ApiContainer, principal: Principal, name: str
) -> list[InvitationFacts]:
    """Return a namespace's open invitations, to its owners.

    Raises:
        Missing, Forbidden
    """
    async with reading(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.MANAGE)
        return await namespaces.invitations_to(connection, found.id)


async def withdraw(
    container: ApiContainer, principal: Principal, name: str, invitation_id: str
) -> None:
    """Take an invitation back.

    Raises:
        Missing: no such namespace, or no such invitation there.  Forbidden
    """
    async with writing(container.pool) as connection:
        found = await permitted(connection, principal, name, Action.MANAGE)
        invitation = await _open(connection, invitation_id)
        if invitation.namespace_id != found.id:
            raise _nothing()
        await namespaces.remove_invitation(connection, invitation_id)
        await record(
            connection, principal, "invitation-withdrawn", name, member=invitation.username
        )


async def mine(container: ApiContainer, principal: Principal) -> list[InvitationFacts]:
    """Return the invitations the caller has not answered.

    Raises:
        Forbidden: the token may not read.
    """
    authorise(principal, Action.SEE_OWN)
    async with reading(container.pool) as connection:
        return await namespaces.invitations_for(connection, principal.account_id)


async def answer(
    container: ApiContainer, principal: Principal, invitation_id: str, *, accepted: bool
) -> InvitationFacts:
    """Accept or decline one of the caller's invitations.

    Raises:
        Missing: the caller has no such invitation; another's is not told from none.
        Forbidden: the token may not.
    """
    authorise(principal, Action.MANAGE_OWN)
    async with writing(container.pool) as connection:
        found = await _open(connection, invitation_id)
        if found.account_id != principal.account_id:
            raise _nothing()
        await namespaces.remove_invitation(connection, invitation_id)
        if accepted:
            role = MemberRole(found.role)
            await accounts.set_member(connection, found.namespace_id, found.account_id, role)
        action = "invitation-accepted" if accepted else "invitation-declined"
        await record(connection, principal, action, found.namespace, role=found.role)
    return found
