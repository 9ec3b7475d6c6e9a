"""Show who you are to the registry, and what you may publish."""

from __future__ import annotations

import argparse

from skillpkg.commands.login import username_of
from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import open_api
from skillpkg.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Ask the registry."""
    api, connection, found = open_api(options, out)
    answer = api.me()
    spaces = namespaces_of(answer)
    out.result(
        {
            "registry": connection.name,
            "username": username_of(answer),
            "namespaces": spaces,
            "token_in": found.source if found else None,
        }
    )
    out.line((username_of(answer), "bold"), (f" on {connection.name} ({connection.entry.url})", ""))
    out.say(f"  publishes to  {', '.join(f'{space}/' for space in spaces) or 'nothing yet'}")
    if found is not None:
        out.say(f"  token from    {found.source}")
    return 0


def namespaces_of(answer: object) -> list[str]:
    """Return the namespaces in an answer of ``/v1/auth/me``, as names."""
    account = answer.get("account", answer) if isinstance(answer, dict) else {}
    found = account.get("namespaces", []) if isinstance(account, dict) else []
    names = [one.get("name", "") if isinstance(one, dict) else one for one in found]
    return [str(name) for name in names if name]
