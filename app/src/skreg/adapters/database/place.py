"""Reads what a login needs from a database's URL."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from skreg.adapters.loopback import is_loopback
from skreg.errors import ConfigurationInvalid

_ENCRYPTED = ("require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class DatabasePlace:
    """A database's address; ``is_private`` says that nobody between can read along."""

    host: str
    port: int
    user: str
    is_private: bool


def read_place(url: str) -> DatabasePlace:
    """Return the parts of ``postgresql://user@host:port/name?sslmode=…``.

    Raises:
        ConfigurationInvalid: it names no user.
    """
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    host = parts.hostname or options.get("host", [""])[0]
    user = unquote(parts.username or "")
    if not user:
        raise ConfigurationInvalid(
            "DATABASE_URL names no user.",
            why="The password is fetched at each connection, and belongs to a user.",
            fix="Write it as postgresql://user@host:5432/name?sslmode=verify-full.",
        )
    local = host.startswith("/") or is_loopback(host)
    encrypted = options.get("sslmode", [""])[0] in _ENCRYPTED
    return DatabasePlace(host, parts.port or 5432, user, local or encrypted)
