"""Servers under measurement: started, waited for, weighed and ended by their own ids."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server on the loopback; ``first_answer`` is seconds from its start to a 200."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    first_answer: float

    def cpu_seconds(self) -> float:
        """Return user and system time of the server and its children so far."""
        return sum(_cpu_ticks(pid) for pid in self._family()) / _TICKS

    def rss_mb(self) -> float:
        """Return the resident megabytes of the server and its children together."""
        return sum(_resident(pid) for pid in self._family()) * _PAGE / 1e6

    def pss_mb(self) -> float:
        """Return the same with pages that processes share counted once."""
        return sum(_proportional(pid) for pid in self._family()) / 1e3

    def _family(self) -> list[int]:
        found = [self.process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            found.extend(int(child) for child in children)
        return found


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    port: int,
    probe: str,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    patience: float = 30,
) -> Iterator[Server]:
    """Start a server, wait until ``probe`` answers 200, end it afterwards.

    Raises:
        RuntimeError: it ended or did not answer within ``patience`` seconds; carries its output.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _wait(process, name, port, probe, started + patience)
        yield Server(name, port, process, time.perf_counter() - started)
    finally:
        _end(process)


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], name: str, port: int, probe: str, until: float) -> None:
    status: object = "no connection"
    while time.perf_counter() < until and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", probe)
            status = connection.getresponse().status
            if status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    _end(process)
    said = process.stderr.read().decode(errors="replace") if process.stderr else ""
    raise RuntimeError(f"{name} did not answer {probe} with 200 ({status}). {said[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own session: nobody else is in the group
        process.wait()


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


def _proportional(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
