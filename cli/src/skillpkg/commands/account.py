"""Change your password or mail address; reset a forgotten password with a code.

With --password-stdin each password is a line of stdin, the present one first.
"""

from __future__ import annotations

import argparse

from skillpkg.canonical_json import JsonObject
from skillpkg.client.api import Api
from skillpkg.commands.parser import add_registry, add_verbs
from skillpkg.commands.session import open_api, read_secret
from skillpkg.errors import UsageError
from skillpkg.output import Output

VERBS = {
    "password": "set another password",
    "email": "set another mail address, or none",
    "reset": "have a reset code mailed, or use one",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(parser, VERBS)
    for verb in verbs.values():
        verb.add_argument("username", metavar="NAME", help="whose account it is")
        verb.add_argument("--password-stdin", action="store_true", help="read passwords from stdin")
        add_registry(verb)
    email = verbs["email"]
    email.add_argument("address", metavar="ADDRESS", nargs="?")
    email.add_argument("--none", action="store_true", help="keep no address")
    reset = verbs["reset"]
    reset.add_argument("--code", metavar="CODE", help="as it was mailed; else one is asked for")
    reset.add_argument("--revoke-tokens", action="store_true", help="revoke every token as well")


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    api, connection, _ = open_api(options, out, login=False)
    told = _RUN[options.verb](options, api, out)
    out.result({"username": options.username, "registry": connection.name})
    out.say(told)
    return 0


def _password(options: argparse.Namespace, api: Api, out: Output) -> str:
    present, api = _present(options, api, out)
    body: JsonObject = {"current_password": present, "new_password": _new(options, out)}
    api.call("POST", "/v1/auth/password", body, repeatable=False)
    return "Your password is changed. Sessions ended; API tokens stay: skillpkg token list"


def _email(options: argparse.Namespace, api: Api, out: Output) -> str:
    if options.none == bool(options.address):
        raise UsageError("Give a mail address, or --none.")
    present, api = _present(options, api, out)
    body: JsonObject = {"current_password": present, "email": options.address}
    api.call("POST", "/v1/auth/email", body, repeatable=False)
    return "Your mail address is removed." if options.none else f"It is {options.address} now."


def _reset(options: argparse.Namespace, api: Api, out: Output) -> str:
    if options.code is None:
        api.call("POST", "/v1/auth/reset/request", {"username": options.username})
        return (
            "If the account has a mail address, a code is on its way.\n"
            f"next: skillpkg account reset {options.username} --code CODE"
        )
    body: JsonObject = {"code": options.code, "new_password": _new(options, out)}
    body |= {"revoke_tokens": options.revoke_tokens}
    api.call("POST", "/v1/auth/reset", body, repeatable=False)
    return f"Your password is set.\nnext: skillpkg login {options.username}"


def _present(options: argparse.Namespace, api: Api, out: Output) -> tuple[str, Api]:
    """Return the present password, and the API called with a session of it."""
    present = read_secret(out, "Present password: ", from_stdin=options.password_stdin)
    return present, api.with_token(api.login(options.username, present))


def _new(options: argparse.Namespace, out: Output) -> str:
    new = read_secret(out, "New password: ", from_stdin=options.password_stdin)
    if not options.password_stdin and read_secret(out, "Again: ", from_stdin=False) != new:
        raise UsageError("The two passwords differ.", fix="Type the command again.")
    return new


_RUN = {"password": _password, "email": _email, "reset": _reset}
