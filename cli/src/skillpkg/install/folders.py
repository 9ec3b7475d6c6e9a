"""Folders opened step by step, each by descriptor and never through a link.

A link planted where the store or a project's agent folder should be would otherwise send files
wherever its author likes.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from skillpkg.errors import InstallFailed

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """One open folder and the path it had when it was opened."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def kind(self, name: str) -> str:
        """Return what ``name`` is in here: ``absent``, ``folder``, ``link`` or ``other``."""
        try:
            mode = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return "absent"
        return "folder" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else "other"

    def names(self) -> list[str]:
        """Return what is in here."""
        return os.listdir(self.descriptor)  # noqa: PTH208 - by descriptor, not by path

    def write(self, name: str, data: bytes) -> None:
        """Create or replace a file, whole and durable."""
        draft = f".{name}.{os.urandom(6).hex()}"
        descriptor = os.open(draft, _NEW_FILE, 0o644, dir_fd=self.descriptor)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def link(self, name: str, target: str) -> None:
        """Create or replace a symbolic link."""
        draft = f".{name}.{os.urandom(6).hex()}"
        os.symlink(target, draft, dir_fd=self.descriptor)
        os.rename(draft, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)

    def take(self, name: str, source: Folder, source_name: str) -> None:
        """Move an entry of another folder in here; an existing folder with files stops it."""
        os.rename(source_name, name, src_dir_fd=source.descriptor, dst_dir_fd=self.descriptor)

    def still_here(self) -> None:
        """Refuse when the path now leads somewhere else than to this folder.

        Raises:
            InstallFailed: it was replaced while it was in use.
        """
        at_path, opened = self.path.lstat(), os.fstat(self.descriptor)
        if (at_path.st_dev, at_path.st_ino) != (opened.st_dev, opened.st_ino):
            raise InstallFailed(
                f"{self.path} was replaced while skillpkg worked in it.",
                fix="Find out by whom, then install again.",
            )

    def sync(self) -> None:
        """Make renames in here survive a power cut."""
        os.fsync(self.descriptor)


@contextlib.contextmanager
def open_folder(root: Path, *parts: str, follow_root: bool = True) -> Iterator[Folder]:
    """Open ``root`` and go down ``parts``, making what is missing; no part may be a link.

    Args:
        follow_root: whether ``root`` itself may be a link (a home folder somebody moved).

    Raises:
        InstallFailed: a part is a link or a file.
    """
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    flags = _FOLDER if follow_root else _FOLDER | os.O_NOFOLLOW
    descriptor, path = _open(root, str(root), flags, None), root
    try:
        for part in parts:
            path = path / part
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o755, dir_fd=descriptor)
            below = _open(path, part, _FOLDER | os.O_NOFOLLOW, descriptor)
            os.close(descriptor)
            descriptor = below
        yield Folder(path, descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path, name: str, flags: int, parent: int | None) -> int:
    try:
        return os.open(name, flags, dir_fd=parent)
    except OSError as error:
        raise InstallFailed(
            f"{path} is not a folder that skillpkg can use.",
            why=f"It may be a link or a file; nothing is written through those. ({error})",
            fix=f"Look at it and remove it: ls -ld {path}",
        ) from error


def remove_tree(folder: Folder, name: str) -> None:
    """Remove an entry and what is below it, without following links."""
    if folder.kind(name) == "folder":
        import shutil

        shutil.rmtree(name, dir_fd=folder.descriptor)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder.descriptor)
