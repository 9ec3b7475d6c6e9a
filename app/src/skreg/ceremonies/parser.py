"""The command line of ``skreg pki``; what a command needs is imported when it runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

REASONS = (
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "privilegeWithdrawn",
)
Run = Callable[[argparse.Namespace], list[str]]


def add_pki(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``pki`` with its actions."""
    pki = commands.add_parser("pki", help="keys and certificates")
    actions = pki.add_subparsers(required=True, metavar="ACTION")
    for name, (run, told, arguments) in _ACTIONS.items():
        action = actions.add_parser(name, help=told)
        arguments(action)
        action.set_defaults(run=_printing(run))


def _printing(run: Run) -> Callable[[argparse.Namespace], int]:
    def call(parsed: argparse.Namespace) -> int:
        print("\n".join(run(parsed)))  # noqa: T201
        return 0

    return call


def _where(action: argparse.ArgumentParser) -> None:
    action.add_argument("--data-dir", type=Path, help="of skreg up; else DATABASE_URL")


def _for_init_root(action: argparse.ArgumentParser) -> None:
    action.add_argument("uri", metavar="KEY_URI", help="file:, pkcs11: or a KMS key's URI")


def _for_request(action: argparse.ArgumentParser) -> None:
    _where(action)
    action.add_argument("--out", type=Path, default=Path("request.json"), metavar="FILE")
    action.add_argument("--redirect-host", action="append", metavar="HOST", help="repeatable")
    action.add_argument("--minimum-client", metavar="VERSION")
    action.add_argument("--revoke", action="append", metavar="SERIAL", help="of a CA; repeatable")
    action.add_argument("--reason", choices=REASONS, default="unspecified")
    action.add_argument("--new-root", action="store_true", help="the root is to be replaced")


def _for_sign(action: argparse.ArgumentParser) -> None:
    action.add_argument("request", type=Path, metavar="REQUEST")
    action.add_argument("--root", required=True, metavar="KEY_URI")
    action.add_argument("--new-root", metavar="KEY_URI", help="the root's successor")
    action.add_argument("--out", type=Path, default=Path("grant.json"), metavar="FILE")
    action.add_argument("--yes", action="store_true", help="ask nobody")


def _for_install(action: argparse.ArgumentParser) -> None:
    _where(action)
    action.add_argument("grant", type=Path, metavar="GRANT")


def _for_renew(action: argparse.ArgumentParser) -> None:
    _where(action)
    action.add_argument("--all", action="store_true", help="leaf and CRLs, due or not")


def _for_rotate(action: argparse.ArgumentParser) -> None:
    _where(action)
    roles = ("signing", "registry-ca", "publisher-ca", "log")
    action.add_argument("role", choices=roles, nargs="?", help="whose key gets a successor")
    action.add_argument(
        "--root", metavar="KEY_URI", nargs="?", const="", help="replace the root, by this key"
    )
    action.add_argument("--out", type=Path, default=Path("request.json"), metavar="FILE")


def _for_revoke(action: argparse.ArgumentParser) -> None:
    _where(action)
    action.add_argument("ca", metavar="CA", help="root, registry-ca, publisher-ca or an id")
    action.add_argument("serial", metavar="SERIAL", help="hexadecimal")
    action.add_argument("--reason", choices=REASONS, default="unspecified")
    action.add_argument("--since", metavar="TIME", help="2026-11-21T04:00:00Z")


def _init_root(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.offline import init_root

    return init_root(parsed.uri)


def _request(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.asking import Wishes, ask

    hosts = parsed.redirect_host
    wishes = Wishes(
        redirect_hosts=None if hosts is None else tuple(host.lower() for host in hosts),
        minimum_client=parsed.minimum_client,
        revoked=tuple(_serial(text) for text in parsed.revoke or ()),
        reason=parsed.reason,
        new_root=parsed.new_root,
    )
    return ask(parsed.data_dir, parsed.out, wishes)


def _sign(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.offline import sign

    def agree(lines: list[str]) -> bool:
        print("\n".join(lines), file=sys.stderr)  # noqa: T201
        if parsed.yes:
            return True
        print("Type yes to sign this:", file=sys.stderr)  # noqa: T201
        return sys.stdin.readline().strip().lower() == "yes"

    return sign(parsed.request, parsed.root, parsed.new_root, parsed.out, agree)


def _install(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.asking import bring

    return bring(parsed.data_dir, parsed.grant)


def _renew(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.issuing import renew_now

    return renew_now(parsed.data_dir, everything=parsed.all)


def _rotate(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.issuing import Rotation, rotate
    from skreg.errors import Unprocessable

    if (parsed.role is None) == (parsed.root is None):
        raise Unprocessable(
            "One key is replaced at a time.", fix="Name signing, registry-ca, … or give --root."
        )
    role = "root" if parsed.role is None else parsed.role
    return rotate(parsed.data_dir, Rotation(role, parsed.root or "", parsed.out))


def _revoke(parsed: argparse.Namespace) -> list[str]:
    from skillpkg.crypto.encoding import parse_time
    from skreg.ceremonies.issuing import revoke_now
    from skreg.errors import Unprocessable

    try:
        since = parse_time(parsed.since) if parsed.since else None
    except ValueError as error:
        raise Unprocessable(
            "The time cannot be read.", why=str(error), fix="Write it as 2026-11-21T04:00:00Z."
        ) from error
    return revoke_now(parsed.data_dir, parsed.ca, _serial(parsed.serial), parsed.reason, since)


def _crl(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.issuing import issue_crls

    return issue_crls(parsed.data_dir)


def _status(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.status import status

    return status(parsed.data_dir)


def _fingerprint(parsed: argparse.Namespace) -> list[str]:
    from skreg.ceremonies.status import fingerprint

    return [fingerprint(parsed.data_dir)]


def _serial(text: str) -> int:
    from skreg.errors import Unprocessable

    try:
        return int(text.replace(":", ""), 16)
    except ValueError:
        raise Unprocessable(
            "The serial number cannot be read.", why=f"It is {text[:60]!r}.", fix="Give it in hex."
        ) from None


_ACTIONS: dict[str, tuple[Run, str, Callable[[argparse.ArgumentParser], None]]] = {
    "status": (_status, "what there is, what ends when, and the next step", _where),
    "fingerprint": (_fingerprint, "the root's fingerprint, which clients pin", _where),
    "init-root": (_init_root, "make a root ready, where it is kept", _for_init_root),
    "request": (_request, "ask the root: requests of the worker's keys, in a file", _for_request),
    "sign": (_sign, "beside the root: show a request, sign it, write a transcript", _for_sign),
    "install": (_install, "hand what the root signed to the worker", _for_install),
    "renew": (_renew, "issue what is due now", _for_renew),
    "rotate": (_rotate, "give a key its successor", _for_rotate),
    "revoke": (_revoke, "revoke a certificate and publish it", _for_revoke),
    "crl": (_crl, "issue the next CRL of every CA at hand", _where),
}
"""Name -> what runs it, what help says of it, what adds its arguments."""
