"""API tokens of an account: create, list, revoke; and those that somebody found."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from skreg.api.services import notices
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import accounts, credentials
from skreg.domain import tokens
from skreg.domain.permissions import Action, Principal, Scope, authorise, only_reads
from skreg.domain.token_limits import parse_limits, parse_networks
from skreg.errors import Conflict, Forbidden, Missing, Unprocessable

MAX_DAYS = 366
"""No token lives longer than this."""
MAX_TOKENS = 100
"""Good tokens one account may have."""
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a token is to be; ``limits`` and ``networks`` empty are no restriction."""

    name: str
    scopes: Sequence[str]
    days: int = 90
    limits: Sequence[str] = ()
    networks: Sequence[str] = ()
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; ``token`` is shown this once."""

    id: str
    token: str
    name: str
    scopes: list[str]
    limits: list[str]
    networks: list[str]
    read_only: bool
    expires_at: datetime


async def create(container: ApiContainer, principal: Principal, wish: Wish) -> IssuedToken:
    """Issue a token; needs a session, or a token with the scope ``admin`` that is no smaller.

    Raises:
        Forbidden: the credential may not create tokens, or not such a one.
        Unprocessable: an unknown scope, a limit that is none, or a life of no day or over 366.
        Conflict: the account has as many tokens as it may.
    """
    authorise(principal, Action.MANAGE_OWN)
    wanted = checked(wish)
    expires = container.clock() + timedelta(days=wanted.days)
    _require_no_wider(principal, wanted, expires)
    async with writing(container.pool) as connection:
        made = await issue(connection, principal.account_id, wanted, expires)
        await accounts.record(
            connection, principal.account_id, "token-created", made.id, principal.address
        )
    return made


async def issue(
    connection: Connection, account_id: int, wish: Wish, expires_at: datetime
) -> IssuedToken:
    """Make a token without asking whether the caller may.

    Raises:
        Conflict: the account has as many tokens as it may.
    """
    if await credentials.count_tokens(connection, account_id) >= MAX_TOKENS:
        raise Conflict(
            f"There are {MAX_TOKENS} tokens already.", fix="Revoke those that nobody uses."
        )
    new, token_id = tokens.mint(), secrets.token_hex(8)
    await credentials.insert_token(
        connection,
        token_id=token_id,
        account_id=account_id,
        name=wish.name,
        hint=new.hint,
        digest=new.digest,
        scopes=wish.scopes,
        expires_at=expires_at,
        limits=wish.limits,
        networks=wish.networks,
        read_only=wish.read_only,
    )
    return IssuedToken(
        token_id,
        new.secret,
        wish.name,
        list(wish.scopes),
        list(wish.limits),
        list(wish.networks),
        wish.read_only,
        expires_at,
    )


def checked(wish: Wish) -> Wish:
    """Return a wish whose parts are possible, each in its one form.

    Raises:
        Unprocessable: one is not; ``errors`` names it.
    """
    if not 1 <= wish.days <= MAX_DAYS:
        raise _invalid("range", "expires_in_days", f"must be 1 to {MAX_DAYS}, is {wish.days}")
    return Wish(
        wish.name,
        scopes_of(wish.scopes),
        wish.days,
        _parsed("limits", parse_limits, wish.limits),
        _parsed("networks", parse_networks, wish.networks),
        wish.read_only,
    )


def scopes_of(scopes: Sequence[str]) -> list[str]:
    """Return scopes in order, each once.

    Raises:
        Unprocessable: none, or one that is unknown.
    """
    known = {item.value for item in Scope}
    unknown = sorted(set(scopes) - known)
    if unknown or not scopes:
        detail = f"unknown: {', '.join(unknown)}" if unknown else "at least one is needed"
        raise _invalid("scopes", "scopes", f"{detail}; known are {', '.join(sorted(known))}")
    return sorted(set(scopes))


def _parsed(
    path: str, parse: Callable[[Sequence[str]], tuple[str, ...]], texts: Sequence[str]
) -> tuple[str, ...]:
    try:
        return parse(texts)
    except ValueError as error:
        raise _invalid(path, path, str(error)) from error


def _invalid(rule: str, path: str, detail: str) -> Unprocessable:
    error = {"rule": rule, "path": path, "detail": detail}
    return Unprocessable("The token cannot be created.", why=f"{path} {detail}.", errors=[error])


def _require_no_wider(principal: Principal, wish: Wish, expires: datetime) -> None:
    """A token makes none that could do more, or longer, than itself; a session makes any."""
    more = sorted(set(wish.scopes) - principal.scopes)
    outlives = principal.expires_at is not None and expires > principal.expires_at
    if more or outlives:
        why = f"It does not carry {', '.join(more)}." if more else "It ends before that."
        raise Forbidden(
            "A token cannot make one that may do more than itself.",
            why=why,
            fix="Log in and create it with the session.",
        )


async def listing(container: ApiContainer, principal: Principal) -> list[credentials.TokenFacts]:
    """Return the caller's good tokens, never their secrets.

    Raises:
        Forbidden: a token without ``admin``: it learns nothing of the others.
    """
    authorise(principal, Action.MANAGE_OWN)
    async with reading(container.pool) as connection:
        return await credentials.tokens_of(connection, principal.account_id)


async def revoke(container: ApiContainer, principal: Principal, token_id: str) -> None:
    """Revoke a token at once; a token may revoke itself, others need ``admin``.

    Raises:
        Forbidden, Missing
    """
    if principal.token_id != token_id:
        authorise(principal, Action.MANAGE_OWN)
        if principal.read_only:
            raise only_reads()
    if not _ID.fullmatch(token_id):
        raise Missing("There is no such token.")
    async with writing(container.pool) as connection:
        if not await credentials.revoke_token(connection, principal.account_id, token_id):
            raise Missing(f"There is no token {token_id}.")
        await accounts.record(
            connection, principal.account_id, "token-revoked", token_id, principal.address
        )


async def report_leaked(
    container: ApiContainer, secret: str, found_at: str | None, address: str | None
) -> bool:
    """Revoke a token that somebody found; returns whether it was a good one until now.

    Whoever knows the whole token could use it, so that saying so gives nothing away.
    """
    if not tokens.looks_like(secret):
        return False
    async with writing(container.pool) as connection:
        leaked = await credentials.revoke_leaked(connection, tokens.digest_of(secret))
        if leaked is None:
            return False
        details = {"found_at": found_at, "account": leaked.account_id}
        await accounts.record(connection, None, "token-leaked", leaked.token_id, address, details)
        owner = await accounts.by_id(connection, leaked.account_id)
    await _tell(container, owner, leaked.token_id, found_at)
    return True


async def _tell(
    container: ApiContainer, owner: accounts.AccountFacts | None, token_id: str, place: str | None
) -> None:
    if owner is None:
        return
    text = (
        f"The token {token_id} of {owner.username} was found by somebody else"
        f"{f' at {place}' if place else ''} and has been revoked.\n"
        "Look through what was done with it, and create another one.\n"
    )
    await notices.tell(container, owner.email, "A token was revoked", text)
