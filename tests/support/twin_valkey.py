"""The counters' cache as ElastiCache gives it: TLS, one user with a password, port 6379."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.loopback import tls
from support.twin_postgres import own_address

PORT = 6379
USER = "skreg"
SERVERS = ("valkey-server", "redis-server")


def program() -> str | None:
    """Return the server on this machine, None when there is none."""
    return next((path for name in SERVERS if (path := shutil.which(name))), None)


@dataclass
class TwinValkey:
    """A running cache at an address of its own; ``authority`` is what its clients believe."""

    address: str
    authority: Path


@contextmanager
def twin_valkey(folder: Path, password: str) -> Iterator[TwinValkey]:
    """Run the server until the block ends."""
    address = own_address()
    folder.mkdir()
    _, authority = tls(folder, address)
    configuration = folder / "server.conf"
    configuration.write_text(f"""
        bind {address}
        port 0
        tls-port {PORT}
        tls-cert-file {authority}
        tls-key-file {folder / "key.pem"}
        tls-auth-clients no
        save ""
        user default off
        user {USER} on >{password} ~* +@all -@admin -@dangerous
        """)
    command = [program() or "", str(configuration)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        _wait(address, process)
        yield TwinValkey(address, authority)
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((address, PORT)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the cache did not start")
