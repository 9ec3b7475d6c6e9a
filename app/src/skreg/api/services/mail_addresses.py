"""An account's mail address, changed by who knows the password."""

from __future__ import annotations

from skreg.api.services import notices
from skreg.api.services.accounts import prove
from skreg.bootstrap import ApiContainer
from skreg.db.pool import writing
from skreg.db.queries import accounts, logins
from skreg.domain.permissions import Action, Principal, authorise


async def change(
    container: ApiContainer, principal: Principal, password: str, email: str | None
) -> None:
    """Set another address, or none; every session ends, this one too. Tokens stay.

    Reset codes that were given out are void: they may lie in the old address's mailbox, which is
    told of the change, as far as mail works.

    Raises:
        Forbidden: with a token: an address is the person's.
        Unauthenticated: ``password`` is wrong.
    """
    authorise(principal, Action.PROVE_ONESELF)
    found = await prove(container, principal.username, password, principal.address)
    async with writing(container.pool) as connection:
        await accounts.set_email(connection, found.id, email)
        await logins.void_reset_codes(connection, found.id)
        await accounts.record(
            connection, found.id, "email-changed", str(found.id), principal.address
        )
    if email != found.email:
        text = _text(found.username, container.settings.public_url)
        await notices.tell(container, found.email, "Your mail address was changed", text)


def _text(username: str, registry: object) -> str:
    return (
        f"The account {username} at {registry} no longer has this mail address.\n"
        "If it was not you, somebody else knows your password: ask the registry's operators for\n"
        "a reset code at once.\n"
    )
