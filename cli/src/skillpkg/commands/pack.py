"""Build a .skill archive from a skill's folder; the same folder gives the same content anywhere."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from skillpkg.commands.session import tilde
from skillpkg.errors import NotFound
from skillpkg.output import Output

if TYPE_CHECKING:
    from skillpkg.archive.pack import Packed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument(
        "folder", metavar="FOLDER", nargs="?", default=".", type=Path, help="that holds SKILL.md"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="instead of NS-NAME-VERSION.skill here"
    )
    add_identity(parser)


def add_identity(parser: argparse.ArgumentParser) -> None:
    """Add what counts before ``skill.yaml`` and the frontmatter."""
    parser.add_argument("--namespace", metavar="NS", help="before what skill.yaml says")
    parser.add_argument("--name", metavar="NAME", help="before what SKILL.md says")
    parser.add_argument(
        "--version", metavar="VERSION", dest="package_version", help="before what skill.yaml says"
    )
    parser.add_argument("--strict", action="store_true", help="policy strict: .md and .json only")


def run(options: argparse.Namespace, out: Output) -> int:
    """Pack and write the archive."""
    from skillpkg.client.files import write_atomically

    packed = pack(options, options.folder, options.namespace)
    manifest = packed.manifest
    path: Path = options.output or Path(
        f"{manifest.namespace}-{manifest.name}-{manifest.version}.skill"
    )
    write_atomically(path, packed.archive, mode=0o644)
    out.result(
        {
            "package": manifest.package,
            "version": manifest.version.text,
            "path": str(path),
            "size": len(packed.archive),
            "files": len(manifest.files) + 1,
            "sha256": packed.sha256,
            "content_digest": packed.content_digest,
            "reports": packed.reports,
        }
    )
    show_reports(packed, out)
    out.line((f"Packed {manifest.package} {manifest.version}", "green"), (f"  {tilde(path)}", ""))
    out.say(f"  {len(manifest.files) + 1} files, {len(packed.archive):,} bytes")
    out.say(f"  sha256   {packed.sha256}")
    out.say(f"  content  {packed.content_digest}")
    out.say(f"next: skillpkg publish {tilde(path)}")
    return 0


def pack(options: argparse.Namespace, folder: Path, namespace: str | None) -> Packed:
    """Pack a folder with what the command line gives.

    Raises:
        NotFound: there is no such folder.
    """
    from skillpkg.archive.pack import pack_folder

    if not folder.is_dir():
        raise NotFound(
            f"There is no skill at {folder}.",
            fix="Give the folder that holds SKILL.md; publish takes a .skill archive as well.",
        )
    return pack_folder(
        folder,
        namespace=namespace,
        name=options.name,
        version=options.package_version,
        policy="strict" if options.strict else "standard",
    )


def show_reports(packed: Packed, out: Output) -> None:
    """Print what packing left out or found unusual."""
    for report in packed.reports:
        out.note(f"  note: {report}")
