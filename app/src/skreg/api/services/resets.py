"""Passwords that change: by who knows the present one, or with a code that works once."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from skreg.api.services import lockout, notices
from skreg.api.services.accounts import prove
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, writing
from skreg.db.queries import accounts, credentials, logins
from skreg.domain.permissions import Action, Principal, authorise
from skreg.errors import Unprocessable

BY_STAFF = timedelta(hours=24)
BY_MAIL = timedelta(minutes=30)
_MAIL_PAUSE = timedelta(minutes=5)
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_GROUPS, _GROUP = 5, 5


async def change(container: ApiContainer, principal: Principal, old: str, new: str) -> None:
    """Set another password; every session ends, this one too. Tokens stay.

    Raises:
        Forbidden: with a token: a password is the person's.
        Unauthenticated: ``old`` is wrong.
        Unprocessable: ``new`` cannot be used.
    """
    authorise(principal, Action.PROVE_ONESELF)
    await prove(container, principal.username, old, principal.address)
    await _set(container, principal.account_id, new, "password-changed", principal.address)


async def _set(
    container: ApiContainer, account_id: int, password: str, action: str, address: str | None
) -> None:
    encoded = await container.passwords.hash(password)
    async with writing(container.pool) as connection:
        await accounts.set_password(connection, account_id, encoded)
        await accounts.record(connection, account_id, action, str(account_id), address)


async def issue(
    connection: Connection, account_id: int, lifetime: timedelta, by: int | None = None
) -> str:
    """Return a fresh reset code of 122 bits, in groups people can read out.

    Codes of the account that were issued before are void.
    """
    code = "-".join(
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS)
    )
    digest = _digest(code)
    await logins.insert_reset_code(connection, digest, account_id, lifetime, by)
    return code


async def send(container: ApiContainer, username: str) -> None:
    """Mail a code to an account that has an address; says nothing about whether it has."""
    if container.mail is None:
        return
    async with writing(container.pool) as connection:
        found = await accounts.by_username(connection, username)
        if found is None or found.disabled or found.email is None:
            return
        if not await logins.may_mail_code(connection, found.id, _MAIL_PAUSE):
            return
        code = await issue(connection, found.id, BY_MAIL)
        await accounts.record(connection, found.id, "reset-code-mailed", found.username)
    await notices.tell(container, found.email, "A new password", _text(container, username, code))


def _text(container: ApiContainer, username: str, code: str) -> str:
    return (
        f"Somebody asked for a new password for {username} at {container.settings.public_url}.\n"
        f"The code is {code}. It works once, for 30 minutes:\n\n"
        "  skillpkg login --reset-code\n\n"
        "If it was not you, nothing has changed and nothing is to be done.\n"
    )


async def use(
    container: ApiContainer, code: str, password: str, address: str | None, *, revoke_tokens: bool
) -> None:
    """Set a new password with a code; every session ends, and with ``revoke_tokens`` every token.

    Raises:
        Unprocessable: the code is unknown, used or expired, or the password cannot be used.
        TooManyRequests: too many guesses.
    """
    await lockout.charge_address(container, "reset", address)
    encoded = await container.passwords.hash(password)
    async with writing(container.pool) as connection:
        account = await logins.use_reset_code(connection, _digest(code))
        if account is None:
            raise _not_good()
        await accounts.set_password(connection, account, encoded)
        revoked = await credentials.revoke_all(connection, account) if revoke_tokens else 0
        details = {"tokens_revoked": revoked}
        await accounts.record(connection, account, "password-reset", str(account), address, details)


def _digest(code: str) -> bytes:
    kept = "".join(item for item in code.upper() if item in _ALPHABET)
    return hashlib.sha256(kept.encode()).digest()


def _not_good() -> Unprocessable:
    what = "The code is not good."
    error = {"rule": "reset-code", "path": "code", "detail": what}
    return Unprocessable(
        what, why="It is unknown, used or expired.", fix="Ask for another one.", errors=[error]
    )
