"""Get the certificate with which a namespace signs its own packages; list and revoke them.

For owners, and more than a token that publishes: add --username NAME to log in for the command.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from skillpkg.canonical_json import JsonObject
from skillpkg.client.api import text_of
from skillpkg.commands.parser import add_registry, add_verbs
from skillpkg.commands.session import add_password, open_as_person, tilde
from skillpkg.commands.sign import add_passphrase, open_key
from skillpkg.errors import NetworkFailure, PublishRejected, UsageError
from skillpkg.output import Output, table

if TYPE_CHECKING:
    from skillpkg.client.api import Api

VERBS = {
    "request": "ask for a certificate and wait until it is issued",
    "list": "list a namespace's certificates",
    "show": "show a certificate, write its chain to a file",
    "revoke": "revoke a certificate",
    "require": "take only versions that the namespace signs itself",
}
REASONS = (
    "unspecified",
    "keyCompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
_PAUSE = 0.5
_COLUMNS = ("id", "state", "serial", "not_after")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    verbs = add_verbs(parser, VERBS)
    for name, verb in verbs.items():
        verb.add_argument("namespace", metavar="NAMESPACE", help="whose packages it signs")
        if name in ("show", "revoke"):
            verb.add_argument("certificate", metavar="ID", help="as cert list shows it")
        if name in ("request", "show"):
            verb.add_argument("-o", "--output", metavar="FILE", type=Path, help="for the chain")
        add_password(verb)
        add_registry(verb)
    _add_request(verbs["request"])
    verbs["require"].add_argument("--off", action="store_true", help="take others as well")
    verbs["revoke"].add_argument(
        "--reason",
        choices=REASONS,
        default="unspecified",
        help="keyCompromise refuses everything that it ever signed",
    )


def _require(options: argparse.Namespace, api: Api, out: Output) -> JsonObject:
    answer = api.call("PUT", _path(options), {"signed_only": not options.off})
    takes = "versions that the registry signs too" if options.off else "only what it signs itself"
    out.say(f"{options.namespace} takes {takes}.")
    return answer


def _add_request(parser: argparse.ArgumentParser) -> None:
    proof = parser.add_mutually_exclusive_group(required=True)
    proof.add_argument("--key", metavar="FILE", type=Path, help="P-256, PEM; made when absent")
    proof.add_argument("--csr", metavar="FILE", type=Path, help="a PKCS #10 request, PEM")
    add_passphrase(parser)
    parser.add_argument("--days", type=int, default=90, help="1 to 460; for CI 7 or less")
    parser.add_argument(
        "--timeout", metavar="SECONDS", type=float, default=120.0, help="how long to wait for it"
    )


def run(options: argparse.Namespace, out: Output) -> int:
    """Run one verb."""
    document = _RUN[options.verb](options, open_as_person(options, out), out)
    out.result(document)
    return 0


def _request(options: argparse.Namespace, api: Api, out: Output) -> JsonObject:
    body: JsonObject = {"csr": _csr(options, out), "days": options.days}
    made = api.call("POST", _path(options), body, repeatable=False)
    found = _issued(api, f"{_path(options)}/{text_of(made, 'id')}", options.timeout)
    path = options.output or (options.key or options.csr).with_suffix(".chain.pem")
    _write(found, path)
    out.line((f"Certificate {found.get('id')} for {options.namespace}", "green"))
    out.say(f"  serial   {found.get('serial')}")
    out.say(f"  until    {found.get('not_after')}")
    out.say(f"  chain    {tilde(path)}")
    key = tilde(options.key) if options.key else "KEY"
    out.say(f"next: skillpkg publish FOLDER --sign-key {key} --chain {tilde(path)}")
    return {**found, "chain": str(path)}


def _csr(options: argparse.Namespace, out: Output) -> str:
    from skillpkg.publisher import keys

    if options.csr is not None:
        return str(options.csr.read_text("ascii", "replace"))
    if options.key.exists():
        return keys.request_for(open_key(options, options.key, out))
    made = keys.make_key(options.key)
    out.note(f"  made the key {tilde(options.key)}: keep it, and keep it to yourself")
    return keys.request_for(made)


def _issued(api: Api, path: str, seconds: float) -> JsonObject:
    """Return a certificate once the registry's worker has issued it.

    Raises:
        PublishRejected: the request is refused.  NetworkFailure: it was not issued in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = api.call("GET", path)
        if found.get("state") == "refused":
            why = str(found.get("error") or "")
            raise PublishRejected("The certificate request is refused.", why=why)
        if found.get("state") != "requested":
            return found
        if time.monotonic() > deadline:
            raise NetworkFailure(
                "The certificate is not issued yet.",
                why=f"It is still {found.get('state')!r} after {seconds:.0f} s.",
                fix=f"Ask again later: skillpkg cert show {found.get('namespace')} "
                f"{found.get('id')} -o FILE",
            )
        time.sleep(_PAUSE)


def _list(options: argparse.Namespace, api: Api, out: Output) -> JsonObject:
    answer = api.call("GET", _path(options))
    results = answer.get("results")
    found = [one for one in results if isinstance(one, dict)] if isinstance(results, list) else []
    rows = [tuple(name.upper() for name in _COLUMNS)]
    rows += [tuple(str(one.get(name) or "-") for name in _COLUMNS) for one in found]
    for line in table(rows) if found else ["None."]:
        out.say(line)
    return answer


def _show(options: argparse.Namespace, api: Api, out: Output) -> JsonObject:
    found = api.call("GET", f"{_path(options)}/{quote(options.certificate, safe='')}")
    for name in ("state", "serial", "not_after", "error", "reason"):
        if found.get(name):
            out.say(f"  {name:<9} {found.get(name)}")
    if options.output is not None:
        _write(found, options.output)
        out.say(f"  chain     {tilde(options.output)}")
    return found


def _revoke(options: argparse.Namespace, api: Api, out: Output) -> JsonObject:
    body: JsonObject = {"reason": options.reason}
    path = f"{_path(options)}/{quote(options.certificate, safe='')}/revoke"
    found = api.call("POST", path, body)
    out.say(f"Certificate {options.certificate} signs nothing new from now on.")
    return found


_RUN = {"request": _request, "list": _list, "show": _show, "revoke": _revoke, "require": _require}


def _path(options: argparse.Namespace) -> str:
    return f"/v1/namespaces/{quote(options.namespace, safe='')}/certificates"


def _write(found: JsonObject, path: Path) -> None:
    """Keep a certificate's chain in a file.

    Raises:
        UsageError: the certificate was not issued.
    """
    from skillpkg.client.files import write_atomically

    chain = found.get("chain_pem")
    if not isinstance(chain, str):
        raise UsageError(f"Certificate {found.get('id')} is {found.get('state')}: it has no chain.")
    write_atomically(path, chain.encode(), mode=0o644)
