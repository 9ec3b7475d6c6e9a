"""Let a skill go on under another name, or in another namespace whose owner accepts.

What is published stays installable under the old name, which its signatures name; new versions
are published under the new one. Tokens that only publish cannot do this: add --username NAME to
log in for the command.
"""

from __future__ import annotations

import argparse
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.commands.parser import add_registry, add_verbs
from skillpkg.commands.session import add_password, open_as_person
from skillpkg.output import Output, table
from skillpkg.package_ref import PackageRef

VERBS = {
    "begin": "rename a skill, or offer it to another namespace",
    "list": "show the offers that wait for you or for the other side",
    "accept": "take a skill over that was offered to your namespace",
    "decline": "decline an offer, or take your own back",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(parser, VERBS)
    verbs["begin"].add_argument("package", metavar="NS/NAME")
    verbs["begin"].add_argument("to", metavar="NS[/NAME]", help="where it goes on")
    for name in ("accept", "decline"):
        verbs[name].add_argument("transfer_id", metavar="ID")
    for verb in verbs.values():
        add_password(verb)
        add_registry(verb)


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    return _RUN[options.verb](options, out)


def _begin(options: argparse.Namespace, out: Output) -> int:
    ref = PackageRef.parse(options.package)
    namespace, _, name = options.to.removeprefix("@").partition("/")
    to = PackageRef.parse(f"{namespace}/{name or ref.name}")
    api = open_as_person(options, out)
    body: JsonObject = {"to_namespace": str(to.namespace), "to_name": str(to.name)}
    path = f"/v1/packages/{ref.namespace}/{ref.name}/transfer"
    answer = api.call("POST", path, body, repeatable=False)
    out.result(answer)
    if answer.get("moved_to"):
        _moved(ref.package, answer, out)
        return 0
    out.line((f"Offered {ref.package} to {to.namespace}.", "green"))
    out.say(f"  an owner there types: skillpkg transfer accept {answer.get('id')}")
    return 0


def _list(options: argparse.Namespace, out: Output) -> int:
    found = open_as_person(options, out).call_list("/v1/transfers")
    out.result({"transfers": found})
    rows = [
        (
            str(one.get("id")),
            f"{one.get('namespace')}/{one.get('name')}",
            f"-> {one.get('to_namespace')}/{one.get('to_name')}",
            f"until {str(one.get('expires_at'))[:10]}",
        )
        for one in found
    ]
    for line in table(rows):
        out.say(line.rstrip())
    if not rows:
        out.note("No transfer waits.")
    return 0


def _accept(options: argparse.Namespace, out: Output) -> int:
    path = f"/v1/transfers/{quote(options.transfer_id, safe='')}/accept"
    answer = open_as_person(options, out).call("POST", path, {}, repeatable=False)
    out.result(answer)
    _moved("It", answer, out)
    return 0


def _decline(options: argparse.Namespace, out: Output) -> int:
    path = f"/v1/transfers/{quote(options.transfer_id, safe='')}"
    open_as_person(options, out).call("DELETE", path)
    out.result({"declined": options.transfer_id})
    out.say(f"The transfer {options.transfer_id} is over; nothing has changed.")
    return 0


def _moved(what: str, answer: JsonObject, out: Output) -> None:
    out.line((f"{what} goes on as {answer.get('moved_to')}.", "green"))
    out.say(f"next: publish new versions as {answer.get('moved_to')}")


_RUN = {"begin": _begin, "list": _list, "accept": _accept, "decline": _decline}
