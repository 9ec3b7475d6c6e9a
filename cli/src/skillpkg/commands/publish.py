"""Upload a skill and wait for the registry's verdict.

Give the skill's folder or a .skill archive. Publishing the same bytes again is safe. In a CI job
of GitHub or GitLab that the skill's owners trust, no token is needed. With --sign-key it is
published as signed by you, with the certificate in --chain; otherwise the registry signs it.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from skillpkg.canonical_json import JsonObject
from skillpkg.client.api import Api
from skillpkg.client.problems import finding_line
from skillpkg.client.transport import Transport
from skillpkg.client.trusted import exchange, is_in_ci, not_logged_in
from skillpkg.commands.pack import add_identity, pack, show_reports
from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import open_api
from skillpkg.commands.sign import add_passphrase, open_key
from skillpkg.commands.whoami import namespaces_of
from skillpkg.errors import ManifestInvalid, NetworkFailure, PublishRejected, UsageError
from skillpkg.manifest import Manifest
from skillpkg.output import Output
from skillpkg.package_ref import PackageRef

_PAUSES = (0.2, 0.3, 0.5, 1.0)
_SAY = {
    "submitted": "uploaded with your signature, waiting for a worker",
    "uploaded": "uploaded, waiting for a worker",
    "vetting": "being vetted",
    "signed": "vetted and signed",
    "logged": "in the transparency log",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("path", metavar="PATH", nargs="?", default=".", type=Path)
    add_identity(parser)
    add_signing(parser)
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the verdict")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=600.0)
    add_registry(parser)


def add_signing(parser: argparse.ArgumentParser) -> None:
    """Add how a publisher signs: with a key, or with a signature that was made before."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--sign-key", metavar="FILE", type=Path, help="sign with this key (P-256)")
    how.add_argument("--signature", metavar="FILE", type=Path, help="what skillpkg sign wrote")
    add_passphrase(parser)
    parser.add_argument("--chain", metavar="FILE", type=Path, help="your certificate, PEM")


def run(options: argparse.Namespace, out: Output) -> int:
    """Pack if need be, upload, and follow the version until it is judged."""
    api, connection, login = open_api(options, out, login=False)
    if login is None and not is_in_ci(os.environ):
        raise not_logged_in(connection.name)
    archive, manifest = _archive(options, out, api if login else None)
    signed = _signed(options, out, archive, str(manifest.namespace))
    ref = PackageRef(manifest.namespace, manifest.name, manifest.version.text)
    if login is None:
        api = exchange(api, manifest.package, os.environ, Transport(), out)
    answer = api.publish(ref, archive, f"{manifest.name}-{manifest.version}.skill", signed)
    state = str(answer.get("state", "uploaded"))
    out.say(f"Uploaded {ref} to {connection.name}: sha256 {answer.get('sha256', '')}")
    if not options.no_wait:
        state = _wait(api, ref, state, out, options.timeout)
    out.result(
        {
            "package": manifest.package,
            "version": manifest.version.text,
            "registry": connection.name,
            "state": state,
            "sha256": answer.get("sha256"),
            "content_digest": answer.get("content_digest"),
            "signed_by": "registry" if signed is None else str(manifest.namespace),
        }
    )
    if state == "published":
        out.line((f"Published {ref}", "green"))
        out.say(f"next: skillpkg install {ref}")
    return 0


def _archive(options: argparse.Namespace, out: Output, api: Api | None) -> tuple[bytes, Manifest]:
    """Return the archive; without a login (``api`` None) nobody can say whose it would be."""
    from skillpkg.archive.reader import read_archive

    path: Path = options.path
    if path.is_file():
        data = path.read_bytes()
        return data, read_archive(data).manifest
    try:
        packed = pack(options, path, options.namespace)
    except ManifestInvalid as error:
        if error.field != "namespace" or options.namespace or api is None:
            raise
        packed = pack(options, path, _only_namespace(api, error))
    show_reports(packed, out)
    return packed.archive, packed.manifest


def _signed(
    options: argparse.Namespace, out: Output, archive: bytes, namespace: str
) -> tuple[bytes, bytes] | None:
    """Return signature (DER) and chain (PEM) that fit the archive; None for the registry to sign.

    Raises:
        UsageError: one without the other, or they do not fit.
    """
    if (options.sign_key or options.signature) is None and options.chain is None:
        return None
    from skillpkg.publisher import chain, keys

    if options.chain is None or (options.sign_key or options.signature) is None:
        raise UsageError(
            "Signing takes a key or a signature, and a certificate.",
            fix="Give --chain with --sign-key or --signature; see: skillpkg cert request --help",
        )
    if options.signature is not None:
        signature = chain.read_signature(options.signature)
    else:
        signature = keys.sign(open_key(options, options.sign_key, out), archive)
    pem = chain.read_chain(options.chain)
    chain.require_signed(pem, signature, archive, namespace)
    return signature, pem


def _only_namespace(api: Api, error: ManifestInvalid) -> str:
    """Return the one namespace the account has; with several, a person must say which."""
    spaces = namespaces_of(api.me())
    if len(spaces) == 1:
        return spaces[0]
    raise ManifestInvalid(
        "namespace",
        error.what,
        why=f"You can publish to: {', '.join(spaces) or 'no namespace yet'}",
        fix="Give --namespace, or write namespace: … into skill.yaml.",
    )


def _wait(api: Api, ref: PackageRef, state: str, out: Output, timeout: float) -> str:
    """Follow a version until it is published; each new state is one line.

    Raises:
        PublishRejected: rejected, or held for review.  NetworkFailure: no verdict in time.
    """
    deadline, turn, said = time.monotonic() + timeout, 0, ""
    status: JsonObject = {"state": state}
    while True:
        state = str(status.get("state", ""))
        if state != said:
            out.note(f"  {_SAY.get(state, state)}")
            said = state
        if state in ("published", "yanked", "withdrawn"):
            return state
        if state in ("rejected", "quarantined"):
            raise _verdict(ref, state, status if "findings" in status else api.status(ref))
        if time.monotonic() > deadline:
            raise NetworkFailure(
                f"There is no verdict on {ref} yet.",
                why=f"It is {state!r} after {timeout:.0f} s.",
                fix="Publish the same folder again to go on waiting: the same bytes are safe.",
            )
        time.sleep(_PAUSES[min(turn, len(_PAUSES) - 1)])
        turn, status = turn + 1, api.status(ref)


def _verdict(ref: PackageRef, state: str, status: JsonObject) -> PublishRejected:
    found = status.get("findings")
    findings = tuple(
        finding_line(one)
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict)
    )
    if state == "quarantined":
        return PublishRejected(
            f"{ref} is held for review by the registry's moderators.",
            findings=findings,
            why="It is not published until one of them lets it pass.",
            fix="Publish the same folder again later to see the verdict.",
        )
    return PublishRejected(
        f"{ref} was rejected.", findings=findings, fix="Mend it and publish a new version."
    )
