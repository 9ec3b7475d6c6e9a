"""How to reach the database: its URL, and a password that is asked for at each connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseAccess:
    """A database's URL and what proves who connects.

    Attributes:
        url: ``postgresql://…``, with a password only when ``password`` is None.
        password: gives the password (or token) of one new connection; blocks while it asks.
    """

    url: str
    password: Callable[[], str] | None = None

    def credentials(self) -> dict[str, str]:
        """Return the driver's parameters beyond the URL, fresh; blocks.

        Raises:
            Missing, Unavailable: from where the password is kept.
        """
        return {} if self.password is None else {"password": self.password()}

    def credentials_later(self) -> Callable[[], Awaitable[dict[str, object]]]:
        """Return the same for psycopg's pool, which asks before each connection."""

        async def ask() -> dict[str, object]:
            return {"connect_timeout": 5, **await asyncio.to_thread(self.credentials)}

        return ask


def access_to(database: DatabaseAccess | str) -> DatabaseAccess:
    """Return the access of a URL that carries its own password, or the access itself."""
    return DatabaseAccess(database) if isinstance(database, str) else database
