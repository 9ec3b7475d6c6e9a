"""Child processes of ``skreg up``: started, watched, started again, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from skreg.errors import Unavailable
from skreg.settings import without_settings

STOP_SECONDS = 15.0
_PATIENCE = 5
"""Restarts of one child within a minute before giving up."""


@dataclass
class _Child:
    command: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    restarts: list[float] = field(default_factory=list)


class Children:
    """Use as a context: leaving it stops every child, the last started first.

    Each child holds the reading end of a pipe, so that it ends when this process is killed. It
    is in a session of its own: Ctrl-C reaches this process, which stops the others in order.
    """

    def __init__(self) -> None:
        self._children: list[_Child] = []
        self._reading, self._writing = os.pipe()

    def __enter__(self) -> Children:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in reversed(self._children):
            _stop(child.process)
        os.close(self._writing)
        os.close(self._reading)

    def start(self, command: str, environment: dict[str, str]) -> None:
        """Start ``skreg COMMAND`` with these settings and no others."""
        self._children.append(_Child(command, environment, self._launch(command, environment)))

    def _launch(self, command: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "skreg", command, "--parent-pipe", str(self._reading)],
            env={**without_settings(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            pass_fds=(self._reading,),
            start_new_session=True,
        )

    def require_running(self) -> None:
        """Pass while every child runs.

        Raises:
            Unavailable: one has ended; it has said why on standard error.
        """
        for child in self._children:
            if child.process.poll() is not None:
                raise Unavailable(f"skreg {child.command} ended with {child.process.returncode}.")

    def watch(self, stop: threading.Event, first: Callable[[], None]) -> int:
        """Start again what ends, until ``stop``; 1 when a child ends again and again.

        Args:
            first: called each time before the children are looked after; it sees to what they need.
        """
        while not stop.wait(0.25):
            first()
            for child in self._children:
                if child.process.poll() is not None and not self._again(child, stop):
                    return 1
        return 0

    def _again(self, child: _Child, stop: threading.Event) -> bool:
        now = time.monotonic()
        child.restarts = [at for at in child.restarts if now - at < 60] + [now]
        code = child.process.returncode
        sys.stderr.write(f"skreg {child.command} ended with {code}; starting it again.\n")
        if len(child.restarts) > _PATIENCE:
            sys.stderr.write(f"skreg {child.command} ends again and again; stopping.\n")
            return False
        stop.wait(0.2 * 2 ** (len(child.restarts) - 1))
        child.process = self._launch(child.command, child.environment)
        return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
