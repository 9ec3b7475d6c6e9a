"""Create an account; it comes with a namespace of the same name, and you are logged in."""

from __future__ import annotations

import argparse

from skillpkg.commands import login
from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import open_api, read_secret
from skillpkg.errors import UsageError
from skillpkg.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("username", metavar="NAME", help="of the account and its namespace")
    parser.add_argument("--email", metavar="ADDRESS", help="for those who run the registry")
    parser.add_argument(
        "--password-stdin", action="store_true", help="read the password from stdin"
    )
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Create the account, then log in."""
    from skillpkg.types import Namespace

    username = Namespace.parse_new(options.username)
    api, connection, _ = open_api(options, out, login=False)
    password = read_secret(out, "Password: ", from_stdin=options.password_stdin)
    if not options.password_stdin and read_secret(out, "Again: ", from_stdin=False) != password:
        raise UsageError("The two passwords differ.", fix="Type the command again.")
    api.signup(username, password, options.email)
    kept = login.log_in(api, connection, out, username, password)
    out.result({"username": username, "registry": connection.name, "token_in": kept})
    out.line((f"Welcome, {username}.", "green"), (f" Your namespace is {username}/.", ""))
    out.say("next: skillpkg publish FOLDER")
    return 0
