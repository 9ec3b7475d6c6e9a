"""Slows guessing down: by account and address, by address, and by account from strange addresses.

Nobody can lock another one out for long: a window is 15 minutes, and where an account has logged
in before, only failures from that same place count against it.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from skreg.bootstrap import ApiContainer
from skreg.db.pool import reading, writing
from skreg.db.queries import accounts, logins
from skreg.domain.token_limits import neighbourhood
from skreg.errors import TooManyRequests

WINDOW = timedelta(minutes=15)
PER_PAIR = 10
"""Attempts on one account from one address."""
PER_ADDRESS = 100
"""Attempts of one address on whatever accounts."""
PER_ACCOUNT = 100
"""Attempts on one account from all addresses it is not known at."""


async def charge(container: ApiContainer, username: str, address: str | None) -> tuple[bytes, ...]:
    """Count an attempt before the password is looked at; returns what to ``refund``.

    It is the same for a name nobody has, and counted at once: a hundred guesses sent together
    are a hundred guesses.

    Raises:
        TooManyRequests: for the rest of the window, whatever the password.
    """
    place = neighbourhood(address)
    name = _printable(username)
    async with reading(container.pool) as connection:
        is_known = await logins.knows(connection, name, place)
    limits = {_subject("pair", name, place): PER_PAIR, _subject("address", place): PER_ADDRESS}
    if not is_known:
        limits[_subject("account", name)] = PER_ACCOUNT
    await _count(container, limits, name or "*", address)
    return tuple(limits)


async def charge_address(container: ApiContainer, purpose: str, address: str | None) -> None:
    """Count a guess at a code, which names no account.

    Raises:
        TooManyRequests: for the rest of the window.
    """
    limits = {_subject(purpose, neighbourhood(address)): PER_ADDRESS}
    await _count(container, limits, purpose, address)


async def _count(
    container: ApiContainer, limits: dict[bytes, int], told: str, address: str | None
) -> None:
    """Count; the audit log gets one line a window, under ``told``, of what is over its limit."""
    async with writing(container.pool) as connection:
        found = [await logins.count_attempt(connection, item, WINDOW) for item in limits]
        await logins.forget_old_attempts(connection)
        if any(one.count == most + 1 for one, most in zip(found, limits.values(), strict=True)):
            await accounts.record(connection, None, "locked-out", told, address)
    over = [
        item.seconds_left
        for item, most in zip(found, limits.values(), strict=True)
        if item.count > most
    ]
    if over:
        raise TooManyRequests(
            "There were too many attempts.",
            why="Further ones are not looked at for a while, right or wrong.",
            fix=f"Wait {max(over)} seconds.",
            retry_after=max(over),
        )


def _printable(username: str) -> str:
    """Return what may be compared with a username: no account has other characters."""
    return username if username.isascii() and username.isprintable() else ""


def _subject(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
