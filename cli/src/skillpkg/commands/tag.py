"""Point dist-tags at versions: what ``skillpkg install ns/name@beta`` takes.

Without a tag of its own, latest is the highest release.
"""

from __future__ import annotations

import argparse
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.commands.parser import add_registry, add_verbs
from skillpkg.commands.session import open_api
from skillpkg.commands.yank import exact
from skillpkg.output import Output, table
from skillpkg.package_ref import PackageRef

VERBS = {
    "set": "point a tag at a published version",
    "list": "show a skill's tags",
    "remove": "remove a tag",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(parser, VERBS)
    verbs["set"].add_argument("package", metavar="NS/NAME@VERSION")
    verbs["set"].add_argument("tag", metavar="TAG")
    verbs["list"].add_argument("package", metavar="NS/NAME")
    verbs["remove"].add_argument("package", metavar="NS/NAME")
    verbs["remove"].add_argument("tag", metavar="TAG")
    for verb in verbs.values():
        add_registry(verb)


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    return _RUN[options.verb](options, out)


def _set(options: argparse.Namespace, out: Output) -> int:
    ref = exact(options.package)
    api, _, _ = open_api(options, out)
    body: JsonObject = {"version": str(ref.version_or_tag)}
    _show(ref, api.call("PUT", _path(ref, options.tag), body), out)
    out.say(f"next: skillpkg install {ref.package}@{options.tag}")
    return 0


def _list(options: argparse.Namespace, out: Output) -> int:
    ref = PackageRef.parse(options.package)
    api, _, _ = open_api(options, out, login=False)
    _show(ref, api.call("GET", _path(ref)), out)
    return 0


def _remove(options: argparse.Namespace, out: Output) -> int:
    ref = PackageRef.parse(options.package)
    api, _, _ = open_api(options, out)
    _show(ref, api.call("DELETE", _path(ref, options.tag)), out)
    return 0


def _path(ref: PackageRef, tag: str | None = None) -> str:
    last = "" if tag is None else f"/{quote(tag, safe='')}"
    return f"/v1/packages/{ref.namespace}/{ref.name}/dist-tags{last}"


def _show(ref: PackageRef, answer: JsonObject, out: Output) -> None:
    found = answer.get("tags")
    tags = found if isinstance(found, dict) else {}
    out.result({"package": ref.package, "tags": tags})
    out.line((ref.package, "bold"))
    for line in table([(tag, str(version)) for tag, version in sorted(tags.items())]):
        out.say(f"  {line}".rstrip())


_RUN = {"set": _set, "list": _list, "remove": _remove}
