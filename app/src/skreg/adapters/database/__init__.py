"""How a process proves to the database who it is, chosen by name and imported on first use."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from skreg.errors import ConfigurationInvalid

DATABASE_LOGINS: dict[str, str] = {
    "cloudsql-iam": "skreg.adapters.database.cloudsql:open_login",
    "entra": "skreg.adapters.database.entra:open_login",
    "rds-iam": "skreg.adapters.database.rds:open_login",
    "secret": "skreg.adapters.database.secret:open_login",
}
"""Name -> ``module:function``; the function takes a `DatabasePlace` and the password secret's
URI, and returns what gives the password of one new connection."""

Login = Callable[[], str]


def open_login(name: str, url: str, secret_uri: str) -> Login:
    """Return what gives each new connection its password.

    Args:
        name: a key of ``DATABASE_LOGINS``.
        url: the database's URL; user, host and port are taken from it.
        secret_uri: where the password is kept; empty for logins that have none.

    Raises:
        ConfigurationInvalid: the URL does not fit the login.
    """
    from skreg.adapters.database.place import read_place

    module, _, function = DATABASE_LOGINS[name].partition(":")
    place = read_place(url)
    if name != "secret" and not place.is_private:
        raise ConfigurationInvalid(
            "A database token would travel in the open.",
            why=f"DATABASE_AUTH is {name} and DATABASE_URL does not ask for TLS.",
            fix="Add ?sslmode=verify-full, or at least sslmode=require, to DATABASE_URL.",
        )
    opener = cast("Callable[[object, str], Login]", getattr(import_module(module), function))
    return opener(place, secret_uri)
