"""Logging a device in (RFC 8628): it shows a code, a person approves it elsewhere."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from skreg.api.services import lockout, tokens
from skreg.api.services.tokens import IssuedToken, Wish
from skreg.bootstrap import ApiContainer
from skreg.db.pool import reading, writing
from skreg.db.queries import accounts, devices
from skreg.domain.permissions import Action, Principal, authorise
from skreg.errors import Missing, Unavailable

LIFETIME = timedelta(minutes=15)
PAUSE_SECONDS = 5
TOKEN_DAYS = 90
_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels and no digits (RFC 8628, 6.1): no words, nothing to mix up; 34 bits in eight."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a device is told; ``device_code`` is its alone, ``user_code`` is shown."""

    device_code: str
    user_code: str


async def begin(
    container: ApiContainer, client: str, scopes: list[str], address: str | None
) -> Begun:
    """Begin a login.

    Raises:
        Unprocessable: an unknown scope.
        TooManyRequests: too many of this address.
        Unavailable: too many wait already.
    """
    wanted = tokens.scopes_of(scopes)
    await lockout.charge_address(container, "device", address)
    begun = Begun(secrets.token_urlsafe(32), _user_code())
    async with writing(container.pool) as connection:
        kept = await devices.insert(
            connection,
            digest=_digest(begun.device_code),
            user_code=begun.user_code,
            client=client,
            scopes=wanted,
            address=address,
            expires_at=container.clock() + LIFETIME,
            pause=PAUSE_SECONDS,
        )
    if not kept:
        raise Unavailable("Too many logins wait at the moment.", fix="Try again in a minute.")
    return begun


def _user_code() -> str:
    code = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{code[:4]}-{code[4:]}"


def normalised(typed: str) -> str:
    """Return a code as it is kept, however a person typed it."""
    letters = "".join(item for item in typed.upper() if item in _ALPHABET)
    return f"{letters[:4]}-{letters[4:]}"


def _digest(device_code: str) -> bytes:
    return hashlib.sha256(device_code.encode("utf-8", "replace")).digest()


async def waiting(container: ApiContainer, user_code: str, address: str | None) -> devices.Waiting:
    """Return what waits under a code, for the person who is to decide.

    Raises:
        Missing: nothing waits there.
        TooManyRequests: too many guesses of this address.
    """
    await lockout.charge_address(container, "user-code", address)
    async with reading(container.pool) as connection:
        found = await devices.waiting(connection, normalised(user_code))
    if found is None:
        raise _nothing()
    return found


async def decide(
    container: ApiContainer, principal: Principal, user_code: str, *, approved: bool
) -> None:
    """Approve or refuse what waits under a code; a token is not enough for that.

    Raises:
        Forbidden: the caller did not log in.
        Missing: nothing waits there.
        TooManyRequests: too many guesses of this address.
    """
    authorise(principal, Action.PROVE_ONESELF)
    await lockout.charge_address(container, "user-code", principal.address)
    code = normalised(user_code)
    async with writing(container.pool) as connection:
        if not await devices.decide(connection, code, principal.account_id, approved=approved):
            raise _nothing()
        action = "device-approved" if approved else "device-refused"
        await accounts.record(connection, principal.account_id, action, code, principal.address)


def _nothing() -> Missing:
    return Missing(
        "No login waits under this code.",
        why="It is mistyped, over, or decided already.",
        fix="Begin again on the device.",
    )


@dataclass(frozen=True, slots=True)
class Collected:
    """A device's token, and whose it is."""

    issued: IssuedToken
    username: str


class Refusal(StrEnum):
    """Why a device gets no token (RFC 8628, 3.5)."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"


async def collect(
    container: ApiContainer, device_code: str, address: str | None
) -> Collected | Refusal:
    """Return the token once it is approved; it is handed out once.

    Raises:
        Conflict: the account has as many tokens as it may.
    """
    digest = _digest(device_code)
    async with writing(container.pool) as connection:
        found = await devices.ask(connection, digest)
        refusal = _refusal(found)
        if refusal is not None or found is None or found.account_id is None:
            return refusal or Refusal.PENDING
        wish = Wish(found.client, list(found.scopes), TOKEN_DAYS)
        expires = container.clock() + timedelta(days=TOKEN_DAYS)
        made = await tokens.issue(connection, found.account_id, wish, expires)
        await devices.remove(connection, digest)
        details = {"by": "device login"}
        await accounts.record(
            connection, found.account_id, "token-created", made.id, address, details
        )
        owner = await accounts.by_id(connection, found.account_id)
    return Collected(made, owner.username if owner else "")


def _refusal(found: devices.Asked | None) -> Refusal | None:
    if found is None or found.is_over:
        return Refusal.EXPIRED
    if found.refused:
        return Refusal.DENIED
    if found.account_id is not None:
        return None
    return Refusal.SLOW_DOWN if found.is_early else Refusal.PENDING
