"""Sign up, log in and out, and who a credential belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from skillpkg.errors import NameInvalid
from skillpkg.types import Namespace
from skreg.api.services import lockout
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import accounts, credentials, logins
from skreg.domain import tokens
from skreg.domain.permissions import ALL_SCOPES, MemberRole, Principal, Scope
from skreg.domain.reserved import is_reserved
from skreg.domain.token_limits import neighbourhood, within
from skreg.errors import Conflict, Forbidden, Unauthenticated, Unprocessable


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as its owner sees it."""

    username: str
    email: str | None
    is_admin: bool
    namespaces: list[str]


async def sign_up(
    container: ApiContainer,
    username: str,
    password: str,
    email: str | None,
    address: str | None = None,
) -> AccountView:
    """Create an account and the individual namespace of the same name.

    Raises:
        Forbidden: this registry takes no sign-ups.
        Unprocessable: the name or password breaks a rule.
        Conflict: the name is taken, or looks like one that is.
    """
    if container.settings.signup == "closed":
        raise Forbidden(
            "Nobody can sign up here.", fix="Ask an administrator of the registry for an account."
        )
    name = new_name(username)
    encoded = await container.passwords.hash(password)
    async with writing(container.pool) as connection:
        account = await create(connection, name, encoded, email)
        await accounts.record(connection, account, "signup", name, address)
    return AccountView(name, email, False, [name])


def new_name(username: str, path: str = "username", *, by_operator: bool = False) -> str:
    """Return a name that a new account or namespace may have.

    Raises:
        Unprocessable: it breaks a rule; ``errors`` names it under ``path``.
    """
    if is_reserved(username, by_operator=by_operator):
        detail = "is reserved"
        error = {"rule": "reserved", "path": path, "detail": detail}
        raise Unprocessable(f"The name {username} {detail}.", errors=[error])
    try:
        return str(Namespace.parse_new(username))
    except NameInvalid as error:
        raise Unprocessable(
            error.what,
            why=error.why,
            fix=error.fix,
            errors=[{"rule": error.rule, "path": path, "detail": error.what}],
        ) from error


async def create(
    connection: Connection,
    name: str,
    password_hash: str,
    email: str | None,
    *,
    is_admin: bool = False,
) -> int:
    """Insert an account that owns the namespace of its name.

    Raises:
        Conflict: the name is taken, or looks like one that is.
    """
    await claim_name(connection, name)
    account = await accounts.insert(connection, name, password_hash, email, is_admin=is_admin)
    namespace = await accounts.insert_namespace(connection, name, "individual")
    if account is None or namespace is None:
        raise _taken(name)
    await accounts.set_member(connection, namespace, account, MemberRole.OWNER)
    return account


async def claim_name(connection: Connection, name: str) -> None:
    """Pass when no namespace has the name or one that looks like it.

    Raises:
        Conflict: one has.
    """
    twin = await accounts.namespace_like(connection, name)
    if twin == name:
        raise _taken(name)
    if twin is not None:
        raise Conflict(
            f"The name {name} looks like {twin}, which exists.",
            why="People could take one for the other.",
            fix="Choose a name that differs in more than -, l, i, 1, o and 0.",
        )


def _taken(name: str) -> Conflict:
    return Conflict(f"The name {name} is taken.", fix="Choose another name.")


async def log_in(
    container: ApiContainer, username: str, password: str, address: str | None = None
) -> str:
    """Return a session token.

    Raises:
        Unauthenticated: unknown account, wrong password or disabled, told apart by nothing.
        TooManyRequests: too many attempts, see ``lockout``.
    """
    found = await prove(container, username, password, address)
    return await open_session(container, found, address, by="password")


async def open_session(
    container: ApiContainer, account: accounts.AccountFacts, address: str | None, *, by: str
) -> str:
    """Return a session of an account that has shown who it is; the audit log keeps ``by`` what."""
    async with writing(container.pool) as connection:
        await accounts.record(
            connection, account.id, "login", account.username, address, {"by": by}
        )
    return await container.sessions.issue(account.id, account.session_generation)


async def prove(
    container: ApiContainer, username: str, password: str, address: str | None
) -> accounts.AccountFacts:
    """Return the account whose password this is; errors as ``log_in``."""
    charged = await lockout.charge(container, username, address)
    async with reading(container.pool) as connection:
        found = await accounts.by_username(connection, username)
    encoded = found.password_hash if found and found.password_hash else None
    right = await container.passwords.matches(password, encoded)
    if found is None or not right or found.disabled:
        raise Unauthenticated("The username or the password is wrong.")
    async with writing(container.pool) as connection:
        await logins.take_back(connection, charged)
        await logins.remember(connection, found.id, neighbourhood(address))
    return found


async def log_out(container: ApiContainer, credential: str, principal: Principal) -> None:
    """End a session, or revoke the token that was used to ask."""
    async with writing(container.pool) as connection:
        if principal.token_id is not None:
            mine = (connection, principal.account_id, principal.token_id)
            await credentials.revoke_token(*mine)
        else:
            claims = await container.sessions.read(credential)
            await credentials.end_session(connection, claims.session_id, claims.expires_at)
        await accounts.record(
            connection, principal.account_id, "logout", principal.username, principal.address
        )


async def identify(
    container: ApiContainer, credential: str, address: str | None = None
) -> Principal:
    """Return who an API token or a session belongs to.

    Args:
        address: where the request comes from; a token may be limited to networks.

    Raises:
        Unauthenticated: it is not good now.
        Forbidden: the token is not for this network.
    """
    if credential.startswith(tokens.PREFIX):
        return await _by_token(container, credential, address)
    claims = await container.sessions.read(credential)
    async with reading(container.pool) as connection:
        found = await credentials.owner_of_session(
            connection, claims.account_id, claims.session_id, claims.generation
        )
    if found is None or found.is_over:
        raise Unauthenticated("The session is over.", fix="Log in again.")
    return Principal(
        found.account_id,
        found.username,
        ALL_SCOPES,
        found.is_admin,
        session_id=claims.session_id,
        address=address,
    )


async def _by_token(container: ApiContainer, secret: str, address: str | None) -> Principal:
    owner = None
    if tokens.looks_like(secret):
        async with reading(container.pool) as connection:
            owner = await credentials.owner_of(connection, tokens.digest_of(secret))
    if owner is None:
        raise Unauthenticated(
            "The token is not valid.",
            why="It is unknown, expired or revoked.",
            fix="Create a new token: skillpkg token create.",
        )
    if not within(address, owner.networks):
        raise Forbidden(
            "This token may not be used from here.",
            why=f"It is limited to {', '.join(owner.networks)}; this is {address}.",
        )
    if owner.is_stale:
        async with writing(container.pool) as connection:
            await credentials.note_use(connection, owner.token_id, address)
    return _principal(owner, address)


def _principal(owner: credentials.TokenOwner, address: str | None) -> Principal:
    scopes = frozenset(Scope(item) for item in owner.scopes)
    is_staff = owner.is_admin and Scope.ADMIN in scopes and not owner.limits
    return Principal(
        owner.account_id,
        owner.username,
        scopes,
        is_staff,
        token_id=owner.token_id,
        limits=tuple(owner.limits),
        read_only=owner.read_only,
        address=address,
        expires_at=owner.expires_at,
    )


async def describe(container: ApiContainer, principal: Principal) -> AccountView:
    """Return the caller's own account.

    Raises:
        Unauthenticated: the account is gone.
    """
    async with reading(container.pool) as connection:
        found = await accounts.by_id(connection, principal.account_id)
        names = await accounts.namespaces_of(connection, principal.account_id)
    if found is None:
        raise Unauthenticated("The account is gone.")
    return AccountView(found.username, found.email, found.is_admin, names)
