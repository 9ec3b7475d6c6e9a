"""What several commands begin with: the registry that was meant, its connection, its API."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from skillpkg.client import registries
from skillpkg.client.registries import Registry
from skillpkg.errors import NotAllowed, UsageError
from skillpkg.install.store import Store
from skillpkg.output import Output
from skillpkg.package_ref import PackageRef

if TYPE_CHECKING:
    from skillpkg.client.api import Api
    from skillpkg.client.connect import Connection
    from skillpkg.client.credentials import Credentials, Login

_SOON = timedelta(days=14)


def now() -> datetime:
    """Return the present time."""
    return datetime.now(UTC)


def open_connection(
    options: argparse.Namespace, out: Output, refs: list[PackageRef] | None = None
) -> Connection:
    """Connect to the registry that ``--registry`` or a package's address names.

    Raises:
        UsageError: packages of two registries in one command.
    """
    from skillpkg.client.connect import connect

    return connect(chosen_registry(options, refs), out.warn)


def chosen_registry(options: argparse.Namespace, refs: list[PackageRef] | None = None) -> Registry:
    """Return the registry a command is about."""
    named = {ref.registry_url for ref in refs or [] if ref.registry_url}
    if options.registry:
        named.add(options.registry)
    if len(named) > 1:
        raise UsageError(
            "One command talks to one registry.",
            why=f"Named: {', '.join(sorted(named))}",
            fix="Type one command for each.",
        )
    return registries.choose(named.pop() if named else None)


def open_api(
    options: argparse.Namespace, out: Output, *, login: bool = True
) -> tuple[Api, Connection, Login | None]:
    """Return the API of the chosen registry, called with your token.

    Raises:
        UsageError: the registry is a folder and has no API.
        NotAllowed: ``login`` is wanted and there is no token.
    """
    from skillpkg.client.api import Api
    from skillpkg.client.transport import Transport

    connection = open_connection(options, out)
    base = connection.entry.api_url
    if base is None:
        raise UsageError(
            f"{connection.name!r} is a static folder: it has no API.",
            why="One can install from it, and nothing else.",
            fix="Name another one with --registry; see: skillpkg registry list",
        )
    found = credentials(out).find(connection.name, connection.entry.registry_id, base)
    if login and found is None:
        raise NotAllowed(
            f"You are not logged in to {connection.name!r}.",
            fix=f"Type: skillpkg login --registry {connection.name}",
        )
    warn = expiry_warning(out, f"skillpkg login --registry {connection.name}")
    return Api(base, Transport(), found.token if found else None, warn), connection, found


def expiry_warning(out: Output, renew: str) -> Callable[[str], None]:
    """Return what warns once when a token ends within two weeks; ``renew`` is what to type."""
    told = False

    def warn(ends: str) -> None:
        nonlocal told
        try:
            at = datetime.strptime(ends, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            return
        if not told and at - now() < _SOON:
            told = True
            out.warn(f"Your token ends on {at:%Y-%m-%d}. Get another: {renew}")

    return warn


def add_password(parser: argparse.ArgumentParser) -> None:
    """Add what logs in for one command: some things need more than a kept token."""
    parser.add_argument("--username", metavar="NAME", help="log in for this command alone")
    parser.add_argument("--password-stdin", action="store_true", help="read it from stdin")


def open_as_person(options: argparse.Namespace, out: Output) -> Api:
    """Return the API called as ``--username``, or else with the kept token.

    Raises:
        NotAllowed: neither is there, or the password is wrong.
    """
    api, _, _ = open_api(options, out, login=options.username is None)
    if options.username is None:
        return api
    password = read_secret(out, "Password: ", from_stdin=options.password_stdin)
    return api.with_token(api.login(options.username, password))


def credentials(out: Output) -> Credentials:
    """Return this user's tokens."""
    from skillpkg.client.credentials import Credentials

    return Credentials(warn=out.warn)


def read_secret(out: Output, prompt: str, *, from_stdin: bool) -> str:
    """Return a secret from stdin or from a person; it is never shown.

    Raises:
        UsageError: there is neither.
    """
    if from_stdin:
        secret = sys.stdin.readline().rstrip("\r\n")
    elif out.is_interactive:
        import getpass

        secret = getpass.getpass(prompt)
    else:
        raise UsageError("There is nobody to ask for the password.", fix="Add --password-stdin.")
    if not secret:
        raise UsageError("The password is empty.")
    return secret


def open_store(options: argparse.Namespace) -> Store:
    """Return the project's store with ``--local``, the user's otherwise."""
    return Store.of_project(Path.cwd()) if options.local else Store.of_user()


def add_scope(parser: argparse.ArgumentParser) -> None:
    """Add ``--local`` and ``--global``."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--local", action="store_true", help="this project's ./.skillpkg")
    group.add_argument(
        "--global", action="store_true", dest="global_", help="your own store (the default)"
    )


def tilde(path: Path) -> str:
    """Return a path as people write it."""
    home = str(Path.home())
    text = str(path)
    return f"~{text[len(home):]}" if text.startswith(f"{home}/") else text
