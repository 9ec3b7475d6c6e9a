"""``skreg admin create`` and ``skreg admin account``."""

from __future__ import annotations

import argparse

from skreg.admin.doing import doing, everything, show, show_table, typed_password
from skreg.api.services import staff
from skreg.api.services.passwords import Passwords
from skreg.api.services.staff import Actor
from skreg.db.queries.staff import AccountLine
from skreg.errors import Missing

_COLUMNS = ("username", "email", "is_admin", "created_at", "disabled_at", "tokens")


def create_admin(parsed: argparse.Namespace) -> None:
    """Create an administrator, or make an account that exists one; its password stays then."""
    password = typed_password()

    async def make(actor: Actor) -> AccountLine:
        try:
            await staff.show_account(actor, parsed.username)
        except Missing:
            return await _created(actor, parsed.username, password, None, is_admin=True)
        return await staff.set_admin(actor, parsed.username, is_admin=True)

    found = doing(parsed, make)
    show(parsed, found, f"{found.username} is an administrator.")


def create(parsed: argparse.Namespace) -> None:
    """Create an account."""
    password = typed_password()
    found = doing(
        parsed,
        lambda actor: _created(actor, parsed.username, password, parsed.email, is_admin=False),
    )
    show(parsed, found, f"{found.username} has an account.")


async def _created(
    actor: Actor, username: str, password: str, email: str | None, *, is_admin: bool
) -> AccountLine:
    encoded = await Passwords().hash(password)
    return await staff.create_account(actor, username, encoded, email, is_admin=is_admin)


def listing(parsed: argparse.Namespace) -> None:
    """List all accounts."""
    found = everything(parsed, staff.list_accounts, lambda item: item.username)
    show_table(parsed, found, _COLUMNS)


def show_one(parsed: argparse.Namespace) -> None:
    """Show one account."""
    show_table(
        parsed, [doing(parsed, lambda actor: staff.show_account(actor, parsed.username))], _COLUMNS
    )


def disable(parsed: argparse.Namespace) -> None:
    """Disable an account."""
    found = doing(parsed, lambda actor: staff.set_disabled(actor, parsed.username, disabled=True))
    show(parsed, found, f"{found.username} is disabled.")


def enable(parsed: argparse.Namespace) -> None:
    """Enable an account."""
    found = doing(parsed, lambda actor: staff.set_disabled(actor, parsed.username, disabled=False))
    show(parsed, found, f"{found.username} may log in.")


def promote(parsed: argparse.Namespace) -> None:
    """Make an account an administrator."""
    found = doing(parsed, lambda actor: staff.set_admin(actor, parsed.username, is_admin=True))
    show(parsed, found, f"{found.username} is an administrator.")


def demote(parsed: argparse.Namespace) -> None:
    """Make an administrator an account like others."""
    found = doing(parsed, lambda actor: staff.set_admin(actor, parsed.username, is_admin=False))
    show(parsed, found, f"{found.username} is no administrator.")


def reset_code(parsed: argparse.Namespace) -> None:
    """Print a reset code."""
    code = doing(parsed, lambda actor: staff.reset_code(actor, parsed.username))
    show(parsed, {"username": parsed.username, "code": code}, code)
