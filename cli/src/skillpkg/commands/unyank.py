"""Show a yanked version to new installs again."""

from __future__ import annotations

import argparse

from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import open_api
from skillpkg.commands.yank import exact
from skillpkg.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("package", metavar="NS/NAME@VERSION")
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Unyank one version."""
    ref = exact(options.package)
    api, connection, _ = open_api(options, out)
    answer = api.unyank(ref)
    out.result({"package": ref.package, "version": ref.version_or_tag, **answer})
    out.line((f"Unyanked {ref}", "green"), (f" on {connection.name}.", ""))
    return 0
