"""Write a verified archive into a fresh folder, by file descriptors, without following a link."""

from __future__ import annotations

import os
from pathlib import Path

from skillpkg.archive.reader import Archive
from skillpkg.archive.tar import Member
from skillpkg.errors import InstallFailed

_FOLDER_MODE = 0o755
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PENDING = 64  # files held open until one fsync round: few enough for every descriptor limit


def extract(archive: Archive, destination: Path, *, durable: bool = True) -> None:
    """Write every file of ``archive`` below ``destination``, which must not exist yet.

    Files are created with 0644 or 0755 and folders with 0755 whatever the umask is. Everything is
    on disk when this returns, unless ``durable`` is False (a caller that installs many packages
    may flush once for all before it renames). After an error the folder is left for the caller
    to remove; nothing outside it was touched.

    Raises:
        InstallFailed: the folder exists, something in it appeared by another hand, or the disk
            refused a write.
    """
    try:
        destination.mkdir(mode=0o700)
        root = os.open(destination, _OPEN_FOLDER)
        writer = _Writer(root, durable)
        try:
            for member in archive.members:
                writer.write(member)
        finally:
            writer.close()
    except OSError as error:
        raise InstallFailed(
            f"{destination} could not be written.",
            why=str(error),
            fix="Check free space and rights, then install again.",
        ) from error


class _Writer:
    """The open folders from the destination down to the member being written.

    Members are sorted, so those of one folder stand together and every folder is made and opened
    exactly once.
    """

    def __init__(self, root: int, durable: bool) -> None:
        self._open: list[tuple[str, int]] = [("", root)]
        self._durable = durable
        self._pending: list[int] = []
        os.fchmod(root, _FOLDER_MODE)

    def write(self, member: Member) -> None:
        *folders, name = member.path.split("/")
        self._enter(folders)
        descriptor = os.open(name, _NEW_FILE, 0o600, dir_fd=self._open[-1][1])
        self._pending.append(descriptor)
        os.fchmod(descriptor, member.mode)
        rest = memoryview(member.data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if not self._durable or len(self._pending) == _PENDING:
            self._flush()

    def _enter(self, folders: list[str]) -> None:
        shared = 0
        for (name, _), wanted in zip(self._open[1:], folders, strict=False):
            if name != wanted:
                break
            shared += 1
        while len(self._open) > shared + 1:
            self._leave()
        for folder in folders[shared:]:
            parent = self._open[-1][1]
            os.mkdir(folder, 0o700, dir_fd=parent)
            descriptor = os.open(folder, _OPEN_FOLDER, dir_fd=parent)
            self._open.append((folder, descriptor))
            os.fchmod(descriptor, _FOLDER_MODE)

    def _leave(self) -> None:
        _, descriptor = self._open.pop()
        self._settle(descriptor)

    def _flush(self) -> None:
        while self._pending:
            self._settle(self._pending.pop())

    def _settle(self, descriptor: int) -> None:
        try:
            if self._durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        self._flush()
        while self._open:
            self._leave()
