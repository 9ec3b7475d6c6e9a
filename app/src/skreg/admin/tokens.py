"""``skreg admin token``."""

from __future__ import annotations

import argparse

from skreg.admin.doing import doing, show, show_table
from skreg.api.services import staff
from skreg.api.services.tokens import Wish

_COLUMNS = ("id", "name", "hint", "scopes", "limits", "created_at", "expires_at", "last_used_at")


def listing(parsed: argparse.Namespace) -> None:
    """List an account's good tokens."""
    found = doing(parsed, lambda actor: staff.list_tokens(actor, parsed.username))
    show_table(parsed, found, _COLUMNS)


def create(parsed: argparse.Namespace) -> None:
    """Create a token of an account; prints its secret once."""
    wish = Wish(
        parsed.name, parsed.scope, parsed.days, parsed.limit, parsed.network, parsed.read_only
    )
    made = doing(parsed, lambda actor: staff.create_token(actor, parsed.username, wish))
    show(parsed, made, made.token)


def revoke(parsed: argparse.Namespace) -> None:
    """Revoke one or all of an account's tokens."""
    if parsed.all:
        count = doing(parsed, lambda actor: staff.revoke_tokens(actor, parsed.username))
    else:
        name, token = parsed.username, parsed.token_id
        doing(parsed, lambda actor: staff.revoke_token(actor, name, token))
        count = 1
    show(parsed, {"username": parsed.username, "revoked": count}, f"Revoked: {count}.")
