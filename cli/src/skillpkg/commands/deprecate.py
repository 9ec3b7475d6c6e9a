"""Tell people to stop using versions; they install as before, with your message.

Name one version, a range such as ns/name@<2, or the whole skill. --undo takes it back.
"""

from __future__ import annotations

import argparse
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import open_api
from skillpkg.errors import UsageError
from skillpkg.output import Output
from skillpkg.package_ref import PackageRef


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("package", metavar="NS/NAME[@VERSION|RANGE]")
    parser.add_argument("message", metavar="MESSAGE", nargs="?", help="what to use instead")
    parser.add_argument("--undo", action="store_true", help="take a deprecation back")
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Deprecate what is named, or take that back."""
    ref = PackageRef.parse(options.package)
    if options.undo == bool(options.message):
        raise UsageError("Give either a message or --undo.", fix="See: skillpkg deprecate --help")
    if ref.tag is not None:
        raise UsageError(f"{ref.tag!r} is a tag, and tags move.", fix="Name a version or a range.")
    api, _, _ = open_api(options, out)
    wanted, base = ref.version_or_tag or "*", f"/v1/packages/{ref.namespace}/{ref.name}"
    if options.undo:
        answer = api.call("POST", f"{base}/{quote(wanted, safe='')}/undeprecate", {})
    else:
        body: JsonObject = {"message": options.message, "range": wanted}
        answer = api.call("POST", f"{base}/deprecate", body)
    found = answer.get("versions")
    versions = [str(one) for one in found] if isinstance(found, list) else []
    out.result({"package": ref.package, "versions": versions, "message": options.message})
    done = "No longer deprecated" if options.undo else "Deprecated"
    out.line((f"{done}: {ref.package} {', '.join(versions)}", "green"))
    return 0
