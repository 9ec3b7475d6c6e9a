"""Say who may read a skill of a private registry: its namespace's members, and its readers.

For owners: add --username NAME to log in for the command.
"""

from __future__ import annotations

import argparse
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.commands.parser import add_registry, add_verbs
from skillpkg.commands.session import add_password, open_as_person
from skillpkg.errors import UsageError
from skillpkg.output import Output
from skillpkg.package_ref import PackageRef

VERBS = {
    "list": "show whether a skill is restricted, and its readers",
    "add": "let somebody read a restricted skill",
    "remove": "take somebody off its readers",
    "restrict": "let only members and readers read a skill, or all of a namespace",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(parser, VERBS)
    for name in ("list", "add", "remove"):
        verbs[name].add_argument("package", metavar="NS/NAME")
    for name in ("add", "remove"):
        verbs[name].add_argument("reader", metavar="USERNAME")
    restrict = verbs["restrict"]
    restrict.add_argument("package", metavar="NS[/NAME]")
    choice = restrict.add_mutually_exclusive_group()
    choice.add_argument("--off", action="store_true", help="let everybody in the registry read it")
    choice.add_argument("--as-namespace", action="store_true", help="as its namespace says")
    for verb in verbs.values():
        add_password(verb)
        add_registry(verb)


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    if options.verb == "restrict" and "/" not in options.package:
        return _restrict_namespace(options, out)
    package = PackageRef.parse(options.package).package
    method, path, body = _call(options, f"/v1/packages/{package}/readers")
    answer = open_as_person(options, out).call(method, path, body)
    out.result({"package": package, **answer})
    _show(package, answer, out)
    return 0


def _call(options: argparse.Namespace, path: str) -> tuple[str, str, JsonObject | None]:
    """Return method, path and body of what a verb asks for."""
    if options.verb == "list":
        return "GET", path, None
    if options.verb == "restrict":
        restricted = None if options.as_namespace else not options.off
        return "PUT", path, {"restricted": restricted}
    method = "PUT" if options.verb == "add" else "DELETE"
    return method, f"{path}/{quote(options.reader, safe='')}", None


def _restrict_namespace(options: argparse.Namespace, out: Output) -> int:
    from skillpkg.types import Namespace

    if options.as_namespace:
        raise UsageError("--as-namespace is for a skill.", fix="Write NS/NAME.")
    namespace = Namespace(options.package)
    body: JsonObject = {"restricted": not options.off}
    api = open_as_person(options, out)
    answer = api.call("PUT", f"/v1/namespaces/{namespace}/restriction", body)
    out.result({"namespace": namespace, **answer})
    who = "everybody in the registry" if options.off else "its members, and each one's readers"
    out.say(f"Skills of {namespace} that say nothing themselves are for {who}.")
    return 0


def _show(package: str, answer: JsonObject, out: Output) -> None:
    found = answer.get("readers")
    readers = ", ".join(str(one) for one in found) if isinstance(found, list) else ""
    if not answer.get("restricted"):
        out.say(f"{package} is for everybody in the registry.")
    else:
        out.say(f"{package} is for members of its namespace and: {readers or 'nobody else'}.")
    if answer.get("own") is None:
        out.note("Its namespace says so; it says nothing itself.")
