"""Tell a registry's administrators what is wrong with a version; a person looks at it."""

from __future__ import annotations

import argparse
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import open_api
from skillpkg.commands.yank import exact
from skillpkg.output import Output

KINDS = ("malware", "impersonation", "vulnerability", "rights", "spam", "other")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("package", metavar="NS/NAME@VERSION")
    parser.add_argument("message", metavar="MESSAGE", help="what you saw, and where")
    parser.add_argument("--kind", choices=KINDS, default="malware", help="default: malware")
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Send one report."""
    ref = exact(options.package)
    api, connection, _ = open_api(options, out)
    body: JsonObject = {"kind": options.kind, "message": options.message}
    version = quote(str(ref.version_or_tag), safe="")
    path = f"/v1/packages/{ref.namespace}/{ref.name}/{version}/report"
    answer = api.call("POST", path, body, repeatable=False)
    out.result({"package": ref.package, "version": ref.version_or_tag, **answer})
    out.line((f"Reported {ref}", "green"), (f" to the administrators of {connection.name}.", ""))
    return 0
