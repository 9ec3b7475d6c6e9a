"""The store: ``packages/{ns}/{name}/{version}``, their records, and ``index.json``.

A change holds the store's lock. Files are written into ``packages/.staging`` and renamed whole, the
index is replaced last: a killed install leaves a staging folder that the next change sweeps, or a
whole folder that no index names and the next install replaces.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillpkg.client.files import home, locked, read_if_present
from skillpkg.errors import InstallFailed
from skillpkg.install.folders import Folder, open_folder, remove_tree
from skillpkg.install.index_file import Placement, StoreIndex, dump_index, read_index
from skillpkg.installed import InstalledPackage

if TYPE_CHECKING:
    from skillpkg.archive.reader import Archive

_STAGING = ("packages", ".staging")
_PATIENCE = 600.0  # another install may be fetching over a slow line


class Store:
    """One store.

    Args:
        root: the folder that holds ``packages/`` and ``index.json``.
        project: for a project's own store, the project's folder; None for the user's.
    """

    def __init__(self, root: Path, project: Path | None = None) -> None:
        self.root = root
        self.project = project

    @classmethod
    def of_user(cls) -> Store:
        """Return the user's store."""
        return cls(home())

    @classmethod
    def of_project(cls, project: Path) -> Store:
        """Return the store inside a project."""
        return cls(project / ".skillpkg", project)

    def read(self) -> StoreIndex:
        """Return what is installed.

        Raises:
            InstallFailed: the index is damaged.
        """
        return read_index(self.root / "index.json")

    def folder(self, package: InstalledPackage) -> Path:
        """Return where a version's files are; the index's own path is not believed."""
        return self.root / "packages" / package.namespace / package.name / package.version.text

    def record(self, package: InstalledPackage) -> bytes | None:
        """Return the release record that was verified at install."""
        name = f"{package.version.text}.release"
        return read_if_present(self.root.joinpath("records", *package.package.split("/"), name))

    @contextlib.contextmanager
    def change(self) -> Iterator[StoreChange]:
        """Hold the store alone and change it.

        Raises:
            InstallFailed: another process does not let go, or a link stands in the store's place.
        """
        with self.open() as root:
            root.still_here()
            _require_own(root)
            with (
                locked(self.root / "store.lock", seconds=_PATIENCE),
                self.open(*_STAGING) as staging,
            ):
                for name in staging.names():
                    remove_tree(staging, name)
                yield StoreChange(self, staging, self.read())

    def open(self, *parts: str) -> contextlib.AbstractContextManager[Folder]:
        """Open a folder of the store, making it when it is missing."""
        if self.project is None:
            return open_folder(self.root.resolve(), *parts)
        return open_folder(self.project.resolve(), self.root.name, *parts)


def _require_own(root: Folder) -> None:
    facts = os.fstat(root.descriptor)
    if facts.st_mode & 0o002 or facts.st_uid not in (os.geteuid(), 0):
        raise InstallFailed(
            f"{root.path} belongs to somebody else or everybody may write it.",
            why="Whoever can write there could change what was verified.",
            fix=f"Type: chmod o-w {root.path}; or set SKILLPKG_HOME to a folder of your own.",
        )


class StoreChange:
    """A change under way; made by `Store.change`.

    Attributes:
        index: the store's contents as they are on disk now.
    """

    def __init__(self, store: Store, staging: Folder, index: StoreIndex) -> None:
        self._store = store
        self._staging = staging
        self.index = index

    def stage(self, archive: Archive, *, durable: bool) -> str:
        """Extract a verified archive aside; return the name to `settle` it by."""
        from skillpkg.archive.extract import extract

        name = os.urandom(8).hex()
        self._staging.still_here()
        extract(archive, self._staging.path / name, durable=durable)
        self._staging.still_here()
        return name

    def settle(self, staged: str, package: InstalledPackage, record: bytes) -> None:
        """Move staged files to their place, with their record; the index does not name them yet.

        Raises:
            InstallFailed: a link or a file stands in their place.
        """
        names = (package.namespace, package.name)
        with self._store.open("packages", *names) as folder:
            self._clear(folder, package.version.text)
            folder.take(package.version.text, self._staging, staged)
            folder.sync()
        with self._store.open("records", *names) as folder:
            folder.write(f"{package.version.text}.release", record)

    def _clear(self, folder: Folder, version: str) -> None:
        kind = folder.kind(version)
        if kind in ("link", "other"):
            raise InstallFailed(
                f"Something stands where {version} belongs.",
                why=f"{folder.path / version} is not a folder that skillpkg made.",
                fix="Look at it, remove it, and install again.",
            )
        if kind == "folder":
            aside = os.urandom(8).hex()
            self._staging.take(aside, folder, version)
            remove_tree(self._staging, aside)

    def register(
        self, packages: list[InstalledPackage], placements: list[Placement] | None = None
    ) -> None:
        """Write packages and placements into the index, in place of older ones of the same key."""
        new = {(p.package, p.version.text) for p in packages}
        places = {p.path for p in placements or ()}
        kept = [p for p in self.index.packages if (p.package, p.version.text) not in new]
        stay = [p for p in self.index.placements if p.path not in places]
        self._write(StoreIndex((*kept, *packages), (*stay, *(placements or ()))))

    def unregister(self, packages: list[InstalledPackage]) -> None:
        """Take packages and their placements out of the index, then remove their files."""
        gone = {(p.package, p.version.text) for p in packages}
        kept = [p for p in self.index.packages if (p.package, p.version.text) not in gone]
        stay = [p for p in self.index.placements if (p.package, p.version) not in gone]
        self._write(replace(self.index, packages=tuple(kept), placements=tuple(stay)))
        for package in packages:
            with self._store.open("packages", package.namespace, package.name) as folder:
                self._clear(folder, package.version.text)
            with self._store.open("records", package.namespace, package.name) as folder:
                remove_tree(folder, f"{package.version.text}.release")

    def _write(self, index: StoreIndex) -> None:
        with self._store.open() as root:
            root.write("index.json", dump_index(index))
            root.sync()
        self.index = index
