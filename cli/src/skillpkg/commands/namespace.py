"""Create organisations, invite members and answer invitations, prove that a domain is yours.

Changes need more than a token that publishes: add --username NAME to log in for the command.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.commands.parser import add_registry, add_verbs
from skillpkg.commands.session import add_password, open_api, open_as_person
from skillpkg.commands.whoami import namespaces_of
from skillpkg.output import Output, table

VERBS = {
    "create": "create an organisation that you own",
    "list": "list your namespaces and roles",
    "show": "show a namespace",
    "members": "list the members",
    "invite": "invite somebody",
    "invitations": "list the invitations you have, or those of a namespace",
    "accept": "accept an invitation",
    "decline": "decline an invitation",
    "set-role": "give a member another role",
    "remove": "remove a member",
    "leave": "leave a namespace",
    "claim": "claim a domain and see what proves it",
    "verify": "prove a claimed domain",
}
ROLES = ("owner", "maintainer", "publisher", "reader")
_ARGUMENTS = {
    "create": ["name"],
    "show": ["name"],
    "members": ["name"],
    "invite": ["name", "username_of_member"],
    "accept": ["invitation"],
    "decline": ["invitation"],
    "set-role": ["name", "username_of_member"],
    "remove": ["name", "username_of_member"],
    "leave": ["name"],
    "claim": ["name", "domain"],
    "verify": ["name", "domain"],
}
_METAVARS = {"username_of_member": "USERNAME", "invitation": "ID"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(parser, VERBS)
    for name, verb in verbs.items():
        for argument in _ARGUMENTS.get(name, []):
            verb.add_argument(argument, metavar=_METAVARS.get(argument, argument.upper()))
        if name != "show":
            add_password(verb)
        add_registry(verb)
    verbs["invitations"].add_argument("name", metavar="NAME", nargs="?")
    verbs["invite"].add_argument("--role", choices=ROLES, default="publisher")
    verbs["set-role"].add_argument("role", choices=ROLES)
    verbs["verify"].add_argument("--https", action="store_true", help="by file, not by DNS")


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    if options.verb in _LISTS:
        return _listed(options, out)
    document = _RUN[options.verb](options, out)
    out.result(document)
    return 0


def _path(options: argparse.Namespace, *rest: str) -> str:
    parts = ("/v1/namespaces", quote(options.name, safe=""), *(quote(p, safe="") for p in rest))
    return "/".join(parts)


_LISTS = {
    "list": ("name", "kind", "role"),
    "members": ("username", "role", "since"),
    "invitations": ("id", "namespace", "username", "role", "invited_by", "expires_at"),
}


def _listed(options: argparse.Namespace, out: Output) -> int:
    path = {
        "list": "/v1/namespaces",
        "members": _path(options, "members") if options.verb == "members" else "",
        "invitations": "/v1/invitations",
    }[options.verb]
    if options.verb == "invitations" and options.name:
        path = _path(options, "invitations")
    found = open_as_person(options, out).call_list(path)
    out.result({options.verb: found})
    _print(out, found, _LISTS[options.verb])
    return 0


def _print(out: Output, found: Sequence[JsonObject], columns: Sequence[str]) -> None:
    rows = [tuple(name.upper() for name in columns)]
    rows += [tuple(_cell(one.get(name)) for name in columns) for one in found]
    for line in table(rows) if found else ["None."]:
        out.say(line)


def _cell(value: object) -> str:
    text = str(value or "-")
    return text[:10] if len(text) > 19 and text[4:5] == "-" and text[10:11] == "T" else text


def _show(options: argparse.Namespace, out: Output) -> JsonObject:
    api, _, _ = open_api(options, out, login=False)
    found = api.call("GET", _path(options))
    domains = found.get("domains")
    shown = ", ".join(str(item) for item in domains) if isinstance(domains, list) else ""
    out.say(f"{options.name}  {found.get('kind')}  since {_cell(found.get('created_at'))}")
    out.say(f"  domains  {shown or 'none proved'}")
    if found.get("banned"):
        out.say(f"  banned   {found.get('banned_reason')}", "red")
    return found


def _create(options: argparse.Namespace, out: Output) -> JsonObject:
    body: JsonObject = {"name": options.name}
    made = open_as_person(options, out).call("POST", "/v1/namespaces", body, repeatable=False)
    out.say(f"{options.name}/ is yours.")
    return made


def _invite(options: argparse.Namespace, out: Output) -> JsonObject:
    body: JsonObject = {"username": options.username_of_member, "role": options.role}
    made = open_as_person(options, out).call("POST", _path(options, "invitations"), body)
    out.say(f"Invited {options.username_of_member}; they type:")
    out.say(f"  skillpkg namespace accept {made.get('id')}")
    return made


def _answer(options: argparse.Namespace, out: Output) -> JsonObject:
    path = f"/v1/invitations/{quote(options.invitation, safe='')}/{options.verb}"
    found = open_as_person(options, out).call("POST", path, repeatable=False)
    said = "You are" if options.verb == "accept" else "You did not become"
    out.say(f"{said} {found.get('role')} of {found.get('namespace')}.")
    return found


def _set_role(options: argparse.Namespace, out: Output) -> JsonObject:
    member = options.username_of_member
    path = _path(options, "members", member)
    open_as_person(options, out).call("PUT", path, {"role": options.role})
    out.say(f"{member} is {options.role} of {options.name}.")
    return {"namespace": options.name, "username": member, "role": options.role}


def _remove(options: argparse.Namespace, out: Output) -> JsonObject:
    member = options.username_of_member
    open_as_person(options, out).call("DELETE", _path(options, "members", member))
    out.say(f"{member} is no member of {options.name} any more.")
    return {"namespace": options.name, "removed": member}


def _leave(options: argparse.Namespace, out: Output) -> JsonObject:
    from skillpkg.commands.login import username_of

    api = open_as_person(options, out)
    account = api.me()
    member = username_of(account)
    api.call("DELETE", _path(options, "members", member))
    left = [name for name in namespaces_of(account) if name != options.name]
    out.say(f"You left {options.name}. Yours: {', '.join(left)}.")
    return {"namespace": options.name, "removed": member}


def _claim(options: argparse.Namespace, out: Output) -> JsonObject:
    body: JsonObject = {"domain": options.domain}
    made = open_as_person(options, out).call("POST", _path(options, "domains"), body)
    out.say(f"Show {made.get('proof')}")
    out.say(f"  as the TXT record of {made.get('record_name')}")
    out.say(f"  or in {made.get('file_url')}")
    out.say(f"next: skillpkg namespace verify {options.name} {options.domain}")
    return made


def _verify(options: argparse.Namespace, out: Output) -> JsonObject:
    body: JsonObject = {"method": "https" if options.https else "dns"}
    path = _path(options, "domains", options.domain, "verify")
    found = open_as_person(options, out).call("POST", path, body)
    out.say(f"{options.domain} is proved for {options.name}.")
    return found


_RUN = {
    "create": _create,
    "show": _show,
    "invite": _invite,
    "accept": _answer,
    "decline": _answer,
    "set-role": _set_role,
    "remove": _remove,
    "leave": _leave,
    "claim": _claim,
    "verify": _verify,
}
