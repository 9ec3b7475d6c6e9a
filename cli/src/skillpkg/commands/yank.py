"""Hide a published version from new installs; locked ones still get it, with a warning."""

from __future__ import annotations

import argparse

from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import open_api
from skillpkg.errors import UsageError
from skillpkg.output import Output
from skillpkg.package_ref import PackageRef


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("package", metavar="NS/NAME@VERSION")
    parser.add_argument("--reason", metavar="TEXT", default="", help="what its users should know")
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Yank one version."""
    ref = exact(options.package)
    api, connection, _ = open_api(options, out)
    answer = api.yank(ref, options.reason)
    out.result({"package": ref.package, "version": ref.version_or_tag, **answer})
    out.line((f"Yanked {ref}", "green"), (f" on {connection.name}.", ""))
    out.say(f"next: skillpkg unyank {ref}, if it was a mistake")
    return 0


def exact(text: str) -> PackageRef:
    """Read a package with an exact version.

    Raises:
        UsageError: there is no exact version.
    """
    ref = PackageRef.parse(text)
    if ref.version is None:
        raise UsageError(f"{text[:200]!a} does not name one version.", fix="Write ns/name@1.2.0.")
    return ref
