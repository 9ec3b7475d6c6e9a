"""The password is kept in a secret store and read anew for each connection."""

from __future__ import annotations

import json
from collections.abc import Callable

from skreg.adapters.database.place import DatabasePlace
from skreg.adapters.secrets import open_secret


def open_login(place: DatabasePlace, secret_uri: str) -> Callable[[], str]:
    """Return what reads the password now.

    The secret is the password itself, or a JSON object with ``password``, as AWS writes the
    secrets that it rotates.

    Raises:
        ConfigurationInvalid: the URI names no secret.
    """
    store, name = open_secret(secret_uri)

    def password() -> str:
        return password_in(store.read(name).decode())

    return password


def password_in(text: str) -> str:
    """Return the password in a secret's text."""
    try:
        document = json.loads(text)
    except ValueError:
        return text.rstrip("\r\n")
    if isinstance(document, dict) and isinstance(document.get("password"), str):
        return str(document["password"])
    return text.rstrip("\r\n")
