"""Revoke the token at the registry and forget it here."""

from __future__ import annotations

import argparse

from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import credentials, open_api
from skillpkg.errors import SkillpkgError
from skillpkg.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Revoke and forget; a registry that cannot be reached does not stop the forgetting."""
    api, connection, found = open_api(options, out, login=False)
    if found is not None and found.source.startswith("environment"):
        out.warn(f"A token is still set: {found.source}. Unset the variable.")
        found = None
    revoked = False
    if found is not None and found.token_id:
        try:
            api.delete_token(found.token_id)
            revoked = True
        except SkillpkgError as error:
            out.warn(f"The token was not revoked at the registry: {error.what} {error.why}")
    forgotten = credentials(out).forget(connection.entry.registry_id)
    out.result({"registry": connection.name, "forgotten": forgotten, "revoked": revoked})
    out.say(f"Logged out of {connection.name}." if forgotten else "No token was kept here.")
    return 0
