"""Check installed skills again, without the network.

The files are held to their manifest and to the digest in the transparency log, the log's proof and
the signature to the root that is pinned here; what agents find in their folders, to those files.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from skillpkg.commands.session import add_scope, now, open_store
from skillpkg.errors import Check, NotFound, SkillpkgError, VerificationRefused
from skillpkg.output import Output, error_document

if TYPE_CHECKING:
    from skillpkg.install.recheck import Rechecked
    from skillpkg.install.store import Store
    from skillpkg.installed import InstalledPackage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument(
        "packages", metavar="NS/NAME[@VERSION]", nargs="*", help="everything without one"
    )
    add_scope(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Check everything, or what is named; tell all that is wrong before refusing."""
    from skillpkg.commands.progress import Progress

    store = open_store(options)
    checked: list[Rechecked] = []
    refused: list[tuple[InstalledPackage, SkillpkgError]] = []
    with Progress(out, "Checking"):
        for package in chosen(store, options.packages):
            try:
                checked.append(_recheck(store, package))
            except VerificationRefused as error:
                refused.append((package, error))
    _show(checked, refused, out)
    return VerificationRefused.exit_code if refused else 0


def chosen(store: Store, names: list[str]) -> list[InstalledPackage]:
    """Return the installed versions that ``names`` mean; all of them without names.

    Raises:
        NotFound: something named is not installed.
    """
    from skillpkg.package_ref import PackageRef

    index = store.read()
    found: list[InstalledPackage] = [] if names else list(index.packages)
    for name in names:
        ref = PackageRef.parse(name)
        of_package = index.find(ref.package, ref.version_or_tag)
        if not of_package:
            raise NotFound(f"{name} is not installed.", fix="See: skillpkg list")
        found += [one for one in of_package if one not in found]
    return found


def _recheck(store: Store, package: InstalledPackage) -> Rechecked:
    from skillpkg.client import registries
    from skillpkg.client.connect import stored_bundle
    from skillpkg.client.state import DiskState
    from skillpkg.install.recheck import recheck
    from skillpkg.install.shown import require_shown

    entries = [r.entry for r in registries.known() if r.entry]
    entry = next((e for e in entries if e.registry_id == package.registry), None)
    bundle = stored_bundle(entry) if entry else None
    if bundle is None:
        raise VerificationRefused(
            Check.ROOT_PIN,
            f"No root is pinned here for the registry of {package.package}.",
            why=f"It came from registry {package.registry}.",
            fix="Type: skillpkg registry add NAME URL --root-fingerprint sha256:…",
        )
    state, files = DiskState(registries.folder(package.registry)), store.folder(package)
    found = recheck(package, files, store.record(package), bundle, state, now)
    gone = require_shown(store.read().placements_of(package), files)
    return replace(found, warnings=(*found.warnings, *gone))


def _show(
    checked: list[Rechecked],
    refused: list[tuple[InstalledPackage, SkillpkgError]],
    out: Output,
) -> None:
    out.result(
        {
            "verified": [
                {**one.package.to_json(), "warnings": list(one.warnings)} for one in checked
            ],
            "refused": [
                {**package.to_json(), "error": error_document(error)} for package, error in refused
            ],
        }
    )
    for one in checked:
        by = one.signer.publisher_namespace
        out.line(
            (f"ok {one.package.package} {one.package.version}", "green"),
            (f"  signed by {f'publisher {by}' if by else 'the registry'}", ""),
            (f" · log #{one.package.log_index} · {one.time:%Y-%m-%d %H:%M} UTC", ""),
        )
    for warning in dict.fromkeys(w for one in checked for w in one.warnings):
        out.warn(warning)
    if not out.as_json:
        for _, error in refused:
            out.fail(error)
    if not checked and not refused:
        out.say("Nothing is installed.")
