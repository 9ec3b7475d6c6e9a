"""Take a version away for good: within 72 hours, or while nobody needs it and few fetched it.

Its number stays taken. When it is too late, yank it. For owners: add --username NAME to log in for
the command.
"""

from __future__ import annotations

import argparse
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import add_password, open_as_person
from skillpkg.commands.yank import exact
from skillpkg.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("package", metavar="NS/NAME@VERSION")
    parser.add_argument("--reason", metavar="TEXT", default="", help="for those who look for it")
    add_password(parser)
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Unpublish one version."""
    ref = exact(options.package)
    version = quote(str(ref.version), safe="")
    body: JsonObject = {"reason": options.reason}
    api = open_as_person(options, out)
    answer = api.call("DELETE", f"/v1/packages/{ref.package}/{version}", body)
    out.result({"package": ref.package, "version": str(ref.version), **answer})
    out.line((f"Unpublished {ref}", "green"), ("; its number stays taken.", ""))
    return 0
