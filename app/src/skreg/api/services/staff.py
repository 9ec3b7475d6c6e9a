"""What administrators do with accounts, namespaces and tokens; by route and by shell alike.

The functions take an pool and who acts (None: the operator at the shell), so that
``skreg admin`` works without an API.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from skreg.api.services import resets, tokens
from skreg.api.services.accounts import claim_name, create, new_name
from skreg.api.services.namespaces import by_name
from skreg.api.services.tokens import IssuedToken, Wish
from skreg.bootstrap import utc_now
from skreg.db.pool import Connection, Pool, reading, writing
from skreg.db.queries import accounts, credentials, namespaces, staff
from skreg.db.queries.credentials import TokenFacts
from skreg.db.queries.namespaces import MemberFacts, NamespaceFacts
from skreg.db.queries.staff import AccountLine
from skreg.domain.permissions import MemberRole, Principal
from skreg.errors import Conflict, Missing

PAGE = 100


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an administrator, or with ``account_id`` None the operator at the shell."""

    pool: Pool
    account_id: int | None = None
    address: str | None = None

    @classmethod
    def of(cls, pool: Pool, principal: Principal) -> Actor:
        """Return the caller of a route as the one who acts."""
        return cls(pool, principal.account_id, principal.address)


async def list_accounts(actor: Actor, cursor: str) -> list[AccountLine]:
    """Return up to a hundred accounts after ``cursor``."""
    async with reading(actor.pool) as connection:
        return await staff.accounts_after(connection, cursor, PAGE)


async def show_account(actor: Actor, username: str) -> AccountLine:
    """Return one account.

    Raises:
        Missing
    """
    async with reading(actor.pool) as connection:
        return await _account(connection, username)


async def create_account(
    actor: Actor, username: str, password_hash: str, email: str | None, *, is_admin: bool
) -> AccountLine:
    """Create an account with the namespace of its name, also where nobody may sign up.

    Raises:
        Unprocessable: the name breaks a rule.
        Conflict: it is taken, or looks like one that is.
    """
    name = new_name(username, by_operator=True)
    async with writing(actor.pool) as connection:
        await create(connection, name, password_hash, email, is_admin=is_admin)
        await _record(connection, actor, "account-created", name, is_admin=is_admin)
        return await _account(connection, name)


async def set_disabled(actor: Actor, username: str, *, disabled: bool) -> AccountLine:
    """Disable an account at once, sessions and tokens included, or let it in again.

    Raises:
        Missing
        Conflict: it is the last administrator.
    """
    async with _changing(actor, username, "disabled" if disabled else "enabled") as (held, found):
        if disabled:
            await _require_other_admin(held, found)
        await staff.set_disabled(held, found.id, disabled=disabled)
        return await _account(held, username)


async def set_admin(actor: Actor, username: str, *, is_admin: bool) -> AccountLine:
    """Give or take an administrator's rights.

    Raises:
        Missing
        Conflict: it is the last administrator.
    """
    action = "admin-given" if is_admin else "admin-taken"
    async with _changing(actor, username, action) as (held, found):
        if not is_admin:
            await _require_other_admin(held, found)
        await staff.set_admin(held, found.id, is_admin=is_admin)
        return await _account(held, username)


async def reset_code(actor: Actor, username: str) -> str:
    """Return a code with which a person sets a new password, once, within a day.

    Raises:
        Missing
    """
    async with _changing(actor, username, "reset-code-issued") as (held, found):
        return await resets.issue(held, found.id, resets.BY_STAFF, actor.account_id)


async def list_tokens(actor: Actor, username: str) -> list[TokenFacts]:
    """Return an account's good tokens, never their secrets.

    Raises:
        Missing
    """
    async with reading(actor.pool) as connection:
        found = await _account(connection, username)
        return await credentials.tokens_of(connection, found.id)


async def create_token(actor: Actor, username: str, wish: Wish) -> IssuedToken:
    """Issue a token of an account, for programs of those who cannot log in.

    Raises:
        Missing, Unprocessable
        Conflict: the account has as many tokens as it may.
    """
    wanted = tokens.checked(wish)
    expires = utc_now() + timedelta(days=wanted.days)
    async with writing(actor.pool) as connection:
        found = await _account(connection, username)
        made = await tokens.issue(connection, found.id, wanted, expires)
        told = {"account": username, "scopes": made.scopes, "limits": made.limits}
        await _record(connection, actor, "token-created", made.id, **told)
    return made


async def end_sessions(actor: Actor) -> int:
    """Retire every key that signs sessions; returns how many there were.

    Processes read the keys anew within a minute and make another.
    """
    async with writing(actor.pool) as connection:
        count = await credentials.retire_session_keys(connection)
        await _record(connection, actor, "sessions-ended", "*", keys=count)
    return count


async def revoke_tokens(actor: Actor, username: str) -> int:
    """Revoke all of an account's tokens; returns how many were good.

    Raises:
        Missing
    """
    async with _changing(actor, username, "tokens-revoked") as (held, found):
        return await credentials.revoke_all(held, found.id)


async def revoke_token(actor: Actor, username: str, token_id: str) -> None:
    """Revoke one token of an account.

    Raises:
        Missing: no such account, or no such token of it.
    """
    async with _changing(actor, username, "token-revoked") as (held, found):
        if not await credentials.revoke_token(held, found.id, token_id):
            raise Missing(f"{username} has no token {token_id}.")


async def list_namespaces(actor: Actor, cursor: str) -> list[NamespaceFacts]:
    """Return up to a hundred namespaces after ``cursor``."""
    async with reading(actor.pool) as connection:
        return await staff.namespaces_after(connection, cursor, PAGE)


async def set_banned(actor: Actor, name: str, reason: str | None) -> NamespaceFacts:
    """Ban a namespace: nothing is published there any more; None lifts the ban.

    Raises:
        Missing
    """
    async with writing(actor.pool) as connection:
        found = await by_name(connection, name)
        await namespaces.set_banned(connection, found.id, reason)
        action = "namespace-unbanned" if reason is None else "namespace-banned"
        await _record(connection, actor, action, name, reason=reason)
        return await by_name(connection, name)


async def list_members(actor: Actor, name: str) -> list[MemberFacts]:
    """Return a namespace's members.

    Raises:
        Missing
    """
    async with reading(actor.pool) as connection:
        return await namespaces.members(connection, (await by_name(connection, name)).id)


async def set_member(actor: Actor, name: str, username: str, role: MemberRole) -> None:
    """Make an account a member, for a namespace whose owners are gone.

    Raises:
        Missing
    """
    async with writing(actor.pool) as connection:
        found = await by_name(connection, name)
        account = await _account(connection, username)
        await namespaces.lock(connection, found.id)
        await accounts.set_member(connection, found.id, account.id, role)
        await _record(connection, actor, "member-set", name, member=username, role=role.value)


async def create_organisation(actor: Actor, name: str, owner: str) -> NamespaceFacts:
    """Create an organisation for an account.

    Raises:
        Missing, Unprocessable, Conflict
    """
    wanted = new_name(name, "name")
    async with writing(actor.pool) as connection:
        account = await _account(connection, owner)
        await claim_name(connection, wanted)
        made = await accounts.insert_namespace(connection, wanted, "organisation")
        if made is None:
            raise Conflict(f"The name {wanted} is taken.")
        await accounts.set_member(connection, made, account.id, MemberRole.OWNER)
        await _record(connection, actor, "namespace-created", wanted, owner=owner)
        return await by_name(connection, wanted)


@asynccontextmanager
async def _changing(
    actor: Actor, username: str, action: str
) -> AsyncIterator[tuple[Connection, AccountLine]]:
    async with writing(actor.pool) as connection:
        found = await _account(connection, username)
        await _record(connection, actor, action, username)
        yield connection, found


async def _account(connection: Connection, username: str) -> AccountLine:
    found = await staff.account(connection, username)
    if found is None:
        raise Missing(f"There is no account {username}.")
    return found


async def _require_other_admin(connection: Connection, found: AccountLine) -> None:
    if found.is_admin and not await staff.other_admins(connection, found.id):
        raise Conflict(
            f"{found.username} is the last administrator.", fix="Make another account one first."
        )


async def _record(
    connection: Connection, actor: Actor, action: str, subject: str, **details: object
) -> None:
    """Write the audit line; ``staff`` marks it as done with an administrator's rights."""
    told = {**details, "staff": True}
    await accounts.record(connection, actor.account_id, action, subject, actor.address, told)
