"""Small files that are replaced whole, and the lock that orders those who replace them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from skillpkg.errors import InstallFailed

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_POLL_SECONDS = 0.02


def home() -> Path:
    """Return the client's folder: ``SKILLPKG_HOME``, or ``~/.skillpkg``."""
    moved = os.environ.get("SKILLPKG_HOME")
    return Path(moved).absolute() if moved else Path.home() / ".skillpkg"


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Replace ``path`` by ``data``: a reader sees the old bytes or the new ones, never a part.

    Missing parent folders are made, for their owner only. With ``durable`` the new bytes survive a
    power cut once this returns.

    Raises:
        OSError: the folder cannot be written; ``path`` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    try:
        descriptor = os.open(
            draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _CLOEXEC, mode
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make a rename inside ``path`` survive a power cut, where the system can."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | _CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_if_present(path: Path) -> bytes | None:
    """Return the bytes of ``path``, or None when it does not exist."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def locked(path: Path, *, seconds: float = 120.0) -> Iterator[None]:
    """Hold the lock file ``path`` alone; the system frees it when the process dies.

    Raises:
        InstallFailed: another process held it for all of ``seconds``.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW | _CLOEXEC, 0o600)
    try:
        _wait_for(descriptor, path, seconds)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, path: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            raise InstallFailed(
                "Another skillpkg is at work and did not finish.",
                why=f"{path} was held for {seconds:.0f} s.",
                fix="Wait for the other one, or end it, and type the command again.",
            )
        time.sleep(_POLL_SECONDS)


if sys.platform == "win32":  # pragma: no cover - the suites run where flock is
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
