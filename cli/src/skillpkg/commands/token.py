"""Create, list and revoke your API tokens; report one that was found somewhere.

A token that only publishes cannot manage tokens: add --username NAME to log in for the command.
"""

from __future__ import annotations

import argparse
import sys
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.client.api import text_of
from skillpkg.commands.parser import add_registry, add_verbs
from skillpkg.commands.session import add_password, open_api, open_as_person
from skillpkg.output import Output, table

VERBS = {
    "create": "create a token and print it, once",
    "list": "list your tokens",
    "revoke": "revoke a token",
    "report": "revoke a token that was found somewhere, whosever it is",
}
_SCOPES = ("read", "publish", "yank", "admin")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(parser, VERBS)
    create = verbs["create"]
    create.add_argument("name", metavar="NAME", help="what it is for")
    create.add_argument("--scope", action="append", choices=_SCOPES, help="default: read")
    create.add_argument("--days", metavar="N", type=int, default=90, help="1 to 366; default 90")
    create.add_argument("--limit", action="append", metavar="NS[/NAME]", help="only for these")
    create.add_argument("--network", action="append", metavar="CIDR", help="only from these")
    create.add_argument("--read-only", action="store_true", help="it changes nothing")
    verbs["revoke"].add_argument("token_id", metavar="ID")
    verbs["report"].add_argument("token", metavar="TOKEN|-", help="- reads stdin")
    verbs["report"].add_argument("--found-at", metavar="URL", help="tell its owner where")
    for name, verb in verbs.items():
        if name != "report":
            add_password(verb)
        add_registry(verb)


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    return _RUN[options.verb](options, out)


def _create(options: argparse.Namespace, out: Output) -> int:
    api = open_as_person(options, out)
    body: JsonObject = {
        "name": options.name,
        "scopes": options.scope or ["read"],
        "expires_in_days": options.days,
        "limits": options.limit or [],
        "networks": options.network or [],
        "read_only": options.read_only,
    }
    made = api.call("POST", "/v1/tokens", body, repeatable=False)
    out.result(made)
    out.say(text_of(made, "token"), "bold")
    out.note(f"It is shown only now; it ends on {str(made.get('expires_at', ''))[:10]}.")
    return 0


def _list(options: argparse.Namespace, out: Output) -> int:
    found = open_as_person(options, out).call_list("/v1/tokens")
    out.result({"tokens": found})
    rows = [("ID", "NAME", "SCOPES", "LIMITS", "ENDS", "LAST USED")]
    for one in found:
        rows.append(
            (
                str(one.get("id", "")),
                str(one.get("name", "")),
                _joined(one.get("scopes")),
                _joined(one.get("limits")) or "-",
                str(one.get("expires_at", ""))[:10],
                str(one.get("last_used_at") or "never")[:10],
            )
        )
    for line in table(rows) if found else ["You have no tokens."]:
        out.say(line)
    return 0


def _joined(value: object) -> str:
    return ",".join(str(item) for item in value) if isinstance(value, list) else ""


def _revoke(options: argparse.Namespace, out: Output) -> int:
    api = open_as_person(options, out)
    api.call("DELETE", f"/v1/tokens/{quote(options.token_id, safe='')}")
    out.result({"id": options.token_id, "revoked": True})
    out.say(f"Revoked {options.token_id}.")
    return 0


def _report(options: argparse.Namespace, out: Output) -> int:
    api, _, _ = open_api(options, out, login=False)
    token = sys.stdin.readline().strip() if options.token == "-" else options.token  # noqa: S105
    body: JsonObject = {"token": token, "found_at": options.found_at}
    revoked = api.call("POST", "/v1/tokens/leaked", body).get("revoked") is True
    out.result({"revoked": revoked})
    out.say("It was good and is revoked." if revoked else "It is no good token here.")
    return 0


_RUN = {"create": _create, "list": _list, "revoke": _revoke, "report": _report}
