"""A time limit on the head of a response, which the HTTP library does not have.

Its time-out starts anew with every byte, so a server that sends one header byte a second could
hold the client for hours. These connections, urllib3's documented door for such a change, hold the
whole head to the read time-out. The body is timed where it is read.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_TICK_SECONDS = 0.1


class Watchdog:
    """Cuts sockets whose time has passed; one thread for all, started with the first."""

    def __init__(self) -> None:
        self._changed = threading.Lock()
        self._watched: dict[int, tuple[float, socket.socket]] = {}
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def limit(self, sock: socket.socket, seconds: float) -> Iterator[None]:
        """Cut ``sock`` unless the block ends within ``seconds``.

        Raises:
            TimeoutError: it was cut; whatever the block read or raised is void.
        """
        with self._changed:
            self._watched[id(sock)] = (time.monotonic() + seconds, sock)
            self._start()
        try:
            yield
        finally:
            with self._changed:
                cut = self._watched.pop(id(sock), None) is None
            if cut:
                raise TimeoutError(f"the head of the answer took over {seconds:.1f} s")

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(_TICK_SECONDS)
            with self._changed:
                late = [key for key, (at, _) in self._watched.items() if at <= time.monotonic()]
                sockets = [self._watched.pop(key)[1] for key in late]
                if not self._watched:
                    self._thread = None
            for sock in sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
            if self._thread is None:
                return


_WATCHDOG = Watchdog()


def _limit(connection: HTTPConnection) -> contextlib.AbstractContextManager[None]:
    seconds = connection.timeout
    if connection.sock is None or not isinstance(seconds, int | float):
        return contextlib.nullcontext()
    return _WATCHDOG.limit(connection.sock, seconds)


class TimedHTTPConnection(HTTPConnection):
    """A connection whose response head must arrive within the read time-out."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself
        """Read the head of the response."""
        with _limit(self):
            return super().getresponse()


class TimedHTTPSConnection(HTTPSConnection):
    """The same over TLS."""

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 itself
        """Read the head of the response."""
        with _limit(self):
            return super().getresponse()


class TimedHTTPPool(HTTPConnectionPool):
    """A pool of timed connections."""

    ConnectionCls = TimedHTTPConnection


class TimedHTTPSPool(HTTPSConnectionPool):
    """The same over TLS."""

    ConnectionCls = TimedHTTPSConnection


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": TimedHTTPPool, "https": TimedHTTPSPool}
