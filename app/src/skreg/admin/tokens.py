"""``skreg admin token``."""

from __future__ import annotations

import argparse

from skreg.admin.doing import doing, show, show_table
from skreg.api.services import staff

_COLUMNS = ("id", "name", "hint", "scopes", "limits", "created_at", "expires_at", "last_used_at")


def listing(parsed: argparse.Namespace) -> None:
    """List an account's good tokens."""
    found = doing(parsed, lambda actor: staff.list_tokens(actor, parsed.username))
    show_table(parsed, found, _COLUMNS)


def revoke(parsed: argparse.Namespace) -> None:
    """Revoke one or all of an account's tokens."""
    if parsed.all:
        count = doing(parsed, lambda actor: staff.revoke_tokens(actor, parsed.username))
    else:
        name, token = parsed.username, parsed.token_id
        doing(parsed, lambda actor: staff.revoke_token(actor, name, token))
        count = 1
    show(parsed, {"username": parsed.username, "revoked": count}, f"Revoked: {count}.")
