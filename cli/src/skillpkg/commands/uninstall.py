"""Remove installed skills from the store and from agents' folders."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from skillpkg.commands.session import add_scope, open_store, tilde
from skillpkg.commands.verify import chosen
from skillpkg.errors import InstallFailed, SkillpkgError
from skillpkg.output import Output

if TYPE_CHECKING:
    from skillpkg.install.index_file import StoreIndex
    from skillpkg.install.store import Store
    from skillpkg.installed import InstalledPackage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument(
        "packages", metavar="NS/NAME[@VERSION]", nargs="+", help="every version without one"
    )
    parser.add_argument("--force", action="store_true", help="even if another skill needs it")
    add_scope(parser)


def run(options: argparse.Namespace, out: Output) -> int:
    """Remove what is named; without a version, every version of it."""
    from skillpkg.install.targets import unplace

    store = open_store(options)
    gone = chosen(store, options.packages)
    with store.change() as change:
        if not options.force:
            _require_unneeded(store, change.index, gone)
        keys = {(p.package, p.version.text): store.folder(p) for p in gone}
        for placement in change.index.placements:
            files = keys.get((placement.package, placement.version))
            if files is not None and not unplace(placement, files):
                out.warn(f"{tilde(placement.path)} is not skillpkg's any more and was left alone.")
        change.unregister(gone)
    out.result({"removed": [p.to_json() for p in gone]})
    for package in gone:
        out.say(f"- {package.package} {package.version}")
    return 0


def _require_unneeded(store: Store, index: StoreIndex, gone: list[InstalledPackage]) -> None:
    """Refuse when a skill that stays needs one that goes and nothing else serves it."""
    stay = [p for p in index.packages if p not in gone]
    for package in stay:
        for needed, wanted in _needs(store, package).items():
            fits_gone = [p for p in gone if p.package == needed and _fits(p, wanted)]
            if fits_gone and not any(p.package == needed and _fits(p, wanted) for p in stay):
                raise InstallFailed(
                    f"{package.package}@{package.version} needs {needed} {wanted}.",
                    why="Nothing was removed.",
                    fix=f"Uninstall {package.package} as well, or add --force.",
                )


def _needs(store: Store, package: InstalledPackage) -> dict[str, str]:
    from skillpkg.manifest import Manifest

    try:
        data = (store.folder(package) / "manifest.json").read_bytes()
        return dict(Manifest.from_bytes(data).dependencies)
    except (OSError, SkillpkgError):
        return {}


def _fits(package: InstalledPackage, wanted: str) -> bool:
    from skillpkg.version import Range

    return Range.parse(wanted).matches(package.version)
