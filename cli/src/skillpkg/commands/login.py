"""Log in: your password buys a lasting token, which is kept; the password is not.

The token lies in the system's keyring, or where there is none in a file that only you can read.
"""

from __future__ import annotations

import argparse
import socket
import sys

from skillpkg.canonical_json import JsonObject
from skillpkg.client.api import Api, text_of
from skillpkg.client.connect import Connection
from skillpkg.commands import device_login
from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import credentials, open_api, read_secret
from skillpkg.errors import UsageError
from skillpkg.output import Output

SCOPES = ["read", "publish", "yank"]
_DAYS = 90


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("username", metavar="NAME", nargs="?", help="of your account")
    parser.add_argument("--password-stdin", action="store_true", help="read it from stdin")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--token", metavar="TOKEN|-", help="keep this token (- reads stdin)")
    how.add_argument("--device", action="store_true", help="approve in a browser, anywhere")
    how.add_argument(
        "--reset-code", action="store_true", help="set a new password with a code, then log in"
    )
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Log in with a password, or keep a token that was made elsewhere."""
    api, connection, _ = open_api(options, out, login=False)
    if options.token:
        given: str = options.token
        token = sys.stdin.readline().strip() if given == "-" else given
        account = username_of(api.with_token(token).me())
        kept = _keep(connection, out, token, None)
    elif options.device:
        made = device_login.wait_for_token(api, out, _client(), SCOPES)
        account = text_of(made, "username")
        kept = _keep(connection, out, text_of(made, "access_token"), text_of(made, "token_id"))
    else:
        account = options.username or _ask_name(out)
        if options.reset_code:
            code = read_secret(out, "Code: ", from_stdin=options.password_stdin)
            password = read_secret(out, "New password: ", from_stdin=options.password_stdin)
            body: JsonObject = {"code": code, "new_password": password}
            api.call("POST", "/v1/auth/reset", body, repeatable=False)
        else:
            password = read_secret(out, "Password: ", from_stdin=options.password_stdin)
        kept = log_in(api, connection, out, account, password)
    out.result({"username": account, "registry": connection.name, "token_in": kept})
    out.line((f"Logged in to {connection.name} as {account}.", "green"))
    out.say(
        f"  the token is in the {kept}" if kept == "keyring" else "  the token is in a 0600 file"
    )
    return 0


def log_in(api: Api, connection: Connection, out: Output, username: str, password: str) -> str:
    """Change a password for a lasting token and keep it; return where."""
    session = api.with_token(api.login(username, password))
    made = session.create_token(_client(), SCOPES, _DAYS)
    token_id = made.get("id")
    return _keep(
        connection, out, text_of(made, "token"), None if token_id is None else str(token_id)
    )


def _client() -> str:
    return f"skillpkg on {socket.gethostname()}"[:64]


def _keep(connection: Connection, out: Output, token: str, token_id: str | None) -> str:
    entry = connection.entry
    return credentials(out).keep(entry.registry_id, entry.api_url or entry.url, token, token_id)


def _ask_name(out: Output) -> str:
    if not out.is_interactive:
        raise UsageError("Who are you?", fix="Type: skillpkg login NAME --password-stdin")
    sys.stderr.write("Name: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def username_of(answer: object) -> str:
    """Return the account's name in an answer of ``/v1/auth/me``."""
    account = answer.get("account", answer) if isinstance(answer, dict) else {}
    return str(account.get("username", "")) if isinstance(account, dict) else ""
