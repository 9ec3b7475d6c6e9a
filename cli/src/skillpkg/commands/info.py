"""Show a skill as the registry signed it: versions, signers, dependencies, places in the log."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from skillpkg.commands.parser import add_registry
from skillpkg.commands.session import chosen_registry, now
from skillpkg.output import Output, table
from skillpkg.package_ref import PackageRef

if TYPE_CHECKING:
    from skillpkg.client.connect import Connection
    from skillpkg.install.index import IndexVersion, PackageIndex


_SIGNERS = {
    "registry": "the registry, after vetting",
    "publisher": "its publisher",
    "mixed": "its publisher or the registry",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("package", metavar="NS/NAME[@VERSION]", help="all versions without one")
    add_registry(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Verify the package's index and print it."""
    from skillpkg.client.connect import with_registry
    from skillpkg.commands.progress import Progress

    ref = PackageRef.parse(options.package)
    registry = chosen_registry(options, [ref])
    with Progress(out, "Verifying"):
        index = with_registry(registry, out.warn, lambda found: _read(found, ref))
    versions = _chosen(index, ref)
    out.result(
        {
            "package": index.package,
            "registry": registry.name,
            "signed_at": index.signed_at,
            "sequence": index.sequence,
            "signer_class": index.signer_class,
            "dist_tags": dict(index.dist_tags),
            "versions": [_document(one) for one in versions],
        }
    )
    _show(index, versions, out)
    return 0


def _read(connection: Connection, ref: PackageRef) -> PackageIndex:
    from skillpkg.install.verify import Verifier

    verifier = Verifier(connection.plane, connection.bundle, connection.state, now)
    try:
        return verifier.open_index(ref)
    finally:
        connection.state.commit()


def _chosen(index: PackageIndex, ref: PackageRef) -> list[IndexVersion]:
    """Return what was asked for, newest first."""
    from skillpkg.version import Version

    every = sorted(index.versions.values(), key=lambda v: Version.parse(v.version), reverse=True)
    wanted = index.dist_tags.get(ref.tag or "", ref.version_or_tag)
    if wanted is None:
        return every
    if ref.range is not None:
        return [one for one in every if ref.range.matches(Version.parse(one.version))]
    return [index.find(wanted)]


def _document(version: IndexVersion) -> dict[str, object]:
    return {
        "version": version.version,
        "state": version.state,
        "sha256": version.sha256,
        "content_digest": version.content_digest,
        "size": version.size,
        "signer": version.signer.to_json(),
        "dependencies": dict(version.dependencies),
        "deprecated": version.deprecated,
        "published_at": version.published_at,
        "log_index": version.log_index,
    }


def _show(index: PackageIndex, versions: list[IndexVersion], out: Output) -> None:
    out.line((index.package, "bold"), (f"  signed by {_SIGNERS[index.signer_class]}", ""))
    for tag, version in sorted(index.dist_tags.items()):
        out.say(f"  {tag:<8} {version}")
    rows = [
        (
            one.version,
            "" if one.state == "published" else one.state,
            f"{one.published_at:%Y-%m-%d}",
            f"{one.size:,} bytes",
            f"log #{one.log_index}",
            f"by the {index.signer_of(one)}" if index.signer_class == "mixed" else "",
            f"deprecated: {one.deprecated}" if one.deprecated else "",
        )
        for one in versions
    ]
    for line in table(rows):
        out.say(f"  {line}".rstrip())
    if len(versions) == 1:
        out.say(f"  sha256   {versions[0].sha256}")
        if versions[0].signer.cert_serial:
            out.say(f"  signer   publisher {index.namespace}, {versions[0].signer.cert_serial}")
    for package, wanted in sorted(versions[0].dependencies.items()) if versions else []:
        out.say(f"  needs    {package} {wanted}")
    out.say(f"next: skillpkg install {index.package}")
