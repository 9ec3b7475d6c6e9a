"""A real clamd with two signatures of our own, on a TCP port and a Unix socket."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.tools import free_port, running

EVIL = b"this line is what the signature knows"
LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Clamd:
    """Where it listens."""

    port: int
    socket: Path


def program() -> str | None:
    """clamd's path; Debian keeps it where a person's PATH does not look."""
    return shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def clamd(folder: Path) -> Iterator[Clamd]:
    """Run it until the block ends."""
    database = folder / "database"
    database.mkdir()
    (database / "own.ndb").write_text(f"Skreg.Test:0:*:{EVIL.hex()}\n", encoding="ascii")
    made = Clamd(free_port(), folder / "clamd.sock")
    configuration = folder / "clamd.conf"
    configuration.write_text(
        f"DatabaseDirectory {database}\nTCPAddr 127.0.0.1\nTCPSocket {made.port}\n"
        f"LocalSocket {made.socket}\nForeground yes\nStreamMaxLength {LARGEST}\n"
        f"TemporaryDirectory {folder}\nUser {_user()}\n",
        encoding="utf-8",
    )
    path = program()
    assert path is not None
    with running([path, "-c", str(configuration)], made.port):
        yield made


def _user() -> str:
    return subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
