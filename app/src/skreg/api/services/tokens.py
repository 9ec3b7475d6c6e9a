"""API tokens of an account: create, list, revoke."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from skreg.bootstrap import ApiContainer
from skreg.db.engine import reading, writing
from skreg.db.queries import accounts, credentials
from skreg.domain import tokens
from skreg.domain.permissions import Principal, Scope
from skreg.errors import Missing, Unprocessable

MAX_DAYS = 366
"""No token lives longer than this."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token; ``token`` is shown this once."""

    id: str
    token: str
    name: str
    scopes: list[str]
    expires_at: datetime


async def create(
    container: ApiContainer, principal: Principal, name: str, scopes: list[str], days: int
) -> IssuedToken:
    """Issue a token; needs a session or a token with the scope ``admin``.

    Raises:
        Forbidden: the credential may not create tokens.
        Unprocessable: an unknown scope or a life of no day or more than 366.
    """
    principal.require(Scope.ADMIN)
    wanted = _scopes(scopes)
    if not 1 <= days <= MAX_DAYS:
        raise _invalid("range", "expires_in_days", f"must be 1 to {MAX_DAYS}, is {days}")
    new = tokens.mint()
    token_id = secrets.token_hex(8)
    expires = container.clock() + timedelta(days=days)
    async with writing(container.engine) as connection:
        await credentials.insert_token(
            connection,
            token_id=token_id,
            account_id=principal.account_id,
            name=name,
            hint=new.hint,
            digest=new.digest,
            scopes=wanted,
            expires_at=expires,
        )
        await accounts.record(connection, principal.account_id, "token-created", token_id)
    return IssuedToken(token_id, new.secret, name, wanted, expires)


def _scopes(scopes: list[str]) -> list[str]:
    known = {item.value for item in Scope}
    unknown = sorted(set(scopes) - known)
    if unknown or not scopes:
        detail = f"unknown: {', '.join(unknown)}" if unknown else "at least one is needed"
        raise _invalid("scopes", "scopes", f"{detail}; known are {', '.join(sorted(known))}")
    return sorted(set(scopes))


def _invalid(rule: str, path: str, detail: str) -> Unprocessable:
    error = {"rule": rule, "path": path, "detail": detail}
    return Unprocessable("The token cannot be created.", why=f"{path} {detail}.", errors=[error])


async def listing(container: ApiContainer, principal: Principal) -> list[credentials.TokenFacts]:
    """Return the caller's tokens, never their secrets."""
    async with reading(container.engine) as connection:
        return await credentials.tokens_of(connection, principal.account_id)


async def revoke(container: ApiContainer, principal: Principal, token_id: str) -> None:
    """Revoke a token at once; a token may revoke itself, others need ``admin``.

    Raises:
        Forbidden, Missing
    """
    if principal.token_id != token_id:
        principal.require(Scope.ADMIN)
    async with writing(container.engine) as connection:
        if not await credentials.revoke_token(connection, principal.account_id, token_id):
            raise Missing(f"There is no token {token_id}.")
        await accounts.record(connection, principal.account_id, "token-revoked", token_id)
