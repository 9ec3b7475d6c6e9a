"""Sign up, log in, and who a credential belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from skillpkg.errors import NameInvalid
from skillpkg.types import Namespace
from skreg.bootstrap import ApiContainer
from skreg.db.engine import reading, writing
from skreg.db.queries import accounts, credentials
from skreg.domain import tokens
from skreg.domain.permissions import ALL_SCOPES, MemberRole, Principal, Scope
from skreg.domain.reserved import RESERVED_NAMESPACES
from skreg.errors import Conflict, Unauthenticated, Unprocessable


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as its owner sees it."""

    username: str
    email: str | None
    is_admin: bool
    namespaces: list[str]


async def sign_up(
    container: ApiContainer, username: str, password: str, email: str | None
) -> AccountView:
    """Create an account and the individual namespace of the same name.

    Raises:
        Unprocessable: the name or password breaks a rule.
        Conflict: the name is taken.
    """
    name = _new_name(username)
    encoded = await container.passwords.hash(password)
    async with writing(container.engine) as connection:
        account = await accounts.insert(connection, name, encoded, email)
        namespace = await accounts.insert_namespace(connection, name, "individual")
        if account is None or namespace is None:
            raise Conflict(f"The name {name} is taken.", fix="Choose another username.")
        await accounts.set_member(connection, namespace, account, MemberRole.OWNER)
        await accounts.record(connection, account, "signup", name)
    return AccountView(name, email, False, [name])


def _new_name(username: str) -> str:
    if username in RESERVED_NAMESPACES:
        detail = "is reserved"
        error = {"rule": "reserved", "path": "username", "detail": detail}
        raise Unprocessable(f"The name {username} {detail}.", errors=[error])
    try:
        return str(Namespace.parse_new(username))
    except NameInvalid as error:
        raise Unprocessable(
            error.what,
            why=error.why,
            fix=error.fix,
            errors=[{"rule": error.rule, "path": "username", "detail": error.what}],
        ) from error


async def log_in(container: ApiContainer, username: str, password: str) -> str:
    """Return a session token.

    Raises:
        Unauthenticated: unknown account, wrong password or disabled, told apart by nothing.
    """
    async with reading(container.engine) as connection:
        found = await accounts.by_username(connection, username)
    right = await container.passwords.matches(password, found.password_hash if found else None)
    if found is None or not right or found.disabled:
        raise Unauthenticated("The username or the password is wrong.")
    return await container.sessions.issue(found.id)


async def identify(container: ApiContainer, credential: str) -> Principal:
    """Return who an API token or a session belongs to.

    Raises:
        Unauthenticated: it is not good now.
    """
    if credential.startswith(tokens.PREFIX):
        return await _by_token(container, credential)
    account_id = await container.sessions.account_of(credential)
    async with reading(container.engine) as connection:
        found = await accounts.by_id(connection, account_id)
    if found is None or found.disabled:
        raise Unauthenticated("The session's account is no longer active.")
    return Principal(found.id, found.username, ALL_SCOPES, found.is_admin)


async def _by_token(container: ApiContainer, secret: str) -> Principal:
    owner = None
    if tokens.looks_like(secret):
        async with writing(container.engine) as connection:
            owner = await credentials.owner_of(connection, tokens.digest_of(secret))
    if owner is None:
        raise Unauthenticated(
            "The token is not valid.",
            why="It is unknown, expired or revoked.",
            fix="Create a new token: skillpkg token create.",
        )
    scopes = frozenset(Scope(item) for item in owner.scopes)
    return Principal(owner.account_id, owner.username, scopes, owner.is_admin, owner.token_id)


async def describe(container: ApiContainer, principal: Principal) -> AccountView:
    """Return the caller's own account.

    Raises:
        Unauthenticated: the account is gone.
    """
    async with reading(container.engine) as connection:
        found = await accounts.by_id(connection, principal.account_id)
        names = await accounts.namespaces_of(connection, principal.account_id)
    if found is None:
        raise Unauthenticated("The account is gone.")
    return AccountView(found.username, found.email, found.is_admin, names)
