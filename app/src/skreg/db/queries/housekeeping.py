"""Credentials and places that nobody can use any more, removed after a while."""

from __future__ import annotations

from datetime import timedelta

from skreg.db.pool import Connection
from skreg.db.queries import rows

KEPT = timedelta(days=90)
"""How long a token that ended stays for whoever asks what it was; audit lines stay for ever."""
_STATEMENTS = (
    "DELETE FROM reset_codes WHERE expires_at < now() - interval '1 day'",
    "DELETE FROM known_addresses WHERE last_at < now() - CAST(:kept AS interval)",
    "DELETE FROM invitations WHERE expires_at < now()",
    "DELETE FROM transfers WHERE expires_at < now()",
    """DELETE FROM publisher_tokens WHERE token_id IN (
        SELECT id FROM tokens
        WHERE least(expires_at, revoked_at) < now() - CAST(:kept AS interval))""",
    "DELETE FROM tokens WHERE least(expires_at, revoked_at) < now() - CAST(:kept AS interval)",
)


async def forget_ended(connection: Connection) -> int:
    """Remove what ended: codes, addresses, offers, and at last tokens; returns how many rows.

    CI makes a token for each publication: without this the table would only grow.
    """
    return sum([await rows.run(connection, sql, {"kept": KEPT}) for sql in _STATEMENTS])
