"""Accounts of people an OIDC provider knows: found by subject, made at the first login."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skillpkg.types import suggest_name
from skreg.api.services.accounts import create
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, writing
from skreg.db.queries import accounts, devices
from skreg.db.queries.accounts import AccountFacts
from skreg.domain.reserved import is_reserved
from skreg.errors import Conflict, Forbidden

_TRIES = 50


async def account_of(
    container: ApiContainer, issuer: str, claims: Mapping[str, Any]
) -> AccountFacts:
    """Return the account of a verified subject, made when it comes for the first time.

    The subject alone decides: an equal name or mail address gives nobody another's account.

    Raises:
        Forbidden: the account is disabled.
        Conflict: no free name could be made from the claims.
    """
    subject = str(claims["sub"])
    async with writing(container.pool) as connection:
        await devices.lock_subject(connection, issuer, subject)
        known = await devices.account_of_subject(connection, issuer, subject)
        if known is None:
            wanted = str(claims.get(container.settings.oidc_username_claim, ""))
            known = await _make(connection, wanted, _mail(claims))
            await devices.link_subject(connection, issuer, subject, known)
        found = await accounts.by_id(connection, known)
    if found is None or found.disabled:
        raise Forbidden("This account is disabled.", fix="Ask an administrator of the registry.")
    return found


def _mail(claims: Mapping[str, Any]) -> str | None:
    mail = claims.get("email")
    return mail if isinstance(mail, str) and claims.get("email_verified") is True else None


async def _make(connection: Connection, wanted: str, email: str | None) -> int:
    for name in _names(wanted):
        if await accounts.namespace_like(connection, name) is None:
            account = await create(connection, name, "", email)
            await accounts.record(connection, account, "signup", name, details={"by": "oidc"})
            return account
    raise Conflict(
        "No free name could be made for your account.",
        fix="Ask an administrator of the registry to create it.",
    )


def _names(wanted: str) -> Iterator[str]:
    base = suggest_name(wanted.partition("@")[0])[:58].strip("-") or "person"
    for number in range(1, _TRIES):
        name = base if number == 1 else f"{base}-{number}"
        if not is_reserved(name):
            yield name
