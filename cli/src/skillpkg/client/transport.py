"""HTTP as the client speaks it: one pool, capped, timed, redirects by hand, the token kept home."""

from __future__ import annotations

import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import urllib3
from urllib3.exceptions import (
    HTTPError,
    IncompleteRead,
    NewConnectionError,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from skillpkg.client.addresses import is_loopback, origin, redirect_target, require_speakable
from skillpkg.client.build import VERSION
from skillpkg.client.watchdog import POOLS
from skillpkg.errors import NetworkFailure

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_AGAIN = frozenset({502, 503, 504})
_MAX_REDIRECTS = 3
_CHUNK = 64 * 1024
_SLOWEST = 50_000
_BACKOFF = (0.2, 0.8)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the client waits, in seconds.

    Attributes:
        connect: for a connection.  read: for the head, and for each piece of the body.
        total: for one whole answer, to which comes the time its largest size takes at 50 kB/s.
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        token: goes to the URL's own origin and never follows a redirect.
        repeatable: sending it twice does what sending it once does.
    """

    url: str
    max_size: int
    method: str = "GET"
    token: str | None = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer; header names are lowercase."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests over one connection pool; safe to share between threads.

    Args:
        redirect_hosts: hosts of the registry's signed trust bundle.
        wait: sleeps between attempts; tests pass their own.
    """

    def __init__(
        self,
        *,
        redirect_hosts: frozenset[str] = frozenset(),
        limits: Limits | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.redirect_hosts = redirect_hosts
        self._limits = limits or Limits()
        self._wait = wait
        self._pools: dict[str, urllib3.PoolManager] = {}
        self._changed = threading.Lock()

    def send(self, request: Request) -> Response:
        """Send a request; a repeatable one is tried three times on no answer and 502, 503, 504.

        Raises:
            NetworkFailure: no connection, over time, over ``max_size``, or a redirect refused.
        """
        for pause in _BACKOFF if request.repeatable else ():
            try:
                answer = self._follow(request)
            except _Unreached:
                answer = None
            if answer is not None and answer.status not in _AGAIN:
                return answer
            self._wait(pause * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load, no secret
        try:
            return self._follow(request)
        except _Unreached as error:
            raise NetworkFailure(error.what, why=error.why, fix=error.fix) from error

    def close(self) -> None:
        """Close the idle connections."""
        for pool in self._pools.values():
            pool.clear()

    def _follow(self, request: Request) -> Response:
        url, token = request.url, request.token
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._once(request, url, token)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None or request.method != "GET":
                return answer
            url, token = redirect_target(url, location, self.redirect_hosts), None
        raise NetworkFailure(
            "The registry redirects in a circle.", why=f"Over {_MAX_REDIRECTS} from {request.url}"
        )

    def _once(self, request: Request, url: str, token: str | None) -> Response:
        require_speakable(url)
        headers = {
            "User-Agent": f"skillpkg/{VERSION}",
            "Accept-Encoding": "identity",
            **request.headers,
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout = urllib3.Timeout(connect=self._limits.connect, read=self._limits.read)
        started = time.monotonic()
        try:
            raw = self._pool(url).request(
                request.method,
                url,
                body=request.body,
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            return self._whole(raw, request.max_size, started)
        except (HTTPError, OSError) as error:
            _explain(url, error)

    def _whole(self, raw: urllib3.BaseHTTPResponse, max_size: int, started: float) -> Response:
        headers = {name.lower(): value for name, value in raw.headers.items()}
        if headers.get("content-encoding", "identity") != "identity":
            raw.close()
            raise NetworkFailure("The registry compressed an answer that was asked for plain.")
        deadline = started + self._limits.total + max_size / _SLOWEST
        try:
            body = _read(raw, max_size, deadline)
        except BaseException:
            raw.close()
            raise
        announced = headers.get("content-length", "")
        if announced.isdigit() and int(announced) != len(body) and raw.status < 300:
            raise IncompleteRead(len(body), int(announced) - len(body))
        raw.release_conn()
        return Response(raw.status, headers, body)

    def _pool(self, url: str) -> urllib3.PoolManager:
        proxy = _proxy_for(url) or ""
        with self._changed:
            if proxy not in self._pools:
                self._pools[proxy] = _new_pool(proxy)
            return self._pools[proxy]


class _Unreached(NetworkFailure):
    """The answer did not come; asking again may help."""


def _read(raw: urllib3.BaseHTTPResponse, max_size: int, deadline: float) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        piece = raw.read1(_CHUNK)
        if not piece:
            return b"".join(pieces)
        size += len(piece)
        if size > max_size:
            raise NetworkFailure(
                "The registry sent more than it may.", why=f"max: {max_size} bytes of this object"
            )
        if time.monotonic() > deadline:
            raise NetworkFailure(
                "The registry answered too slowly.",
                why=f"{size} bytes had come when the time was up.",
                fix="Try again; if it stays so, tell the registry's operators.",
            )
        pieces.append(piece)


def _new_pool(proxy: str) -> urllib3.PoolManager:
    context = ssl.create_default_context()
    pool = (
        urllib3.ProxyManager(proxy, maxsize=16, ssl_context=context)
        if proxy
        else urllib3.PoolManager(maxsize=16, ssl_context=context)
    )
    pool.pool_classes_by_scheme = POOLS
    return pool


def _proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for ``url``; this machine is never proxied."""
    scheme, host, _ = origin(url)
    names = (f"{scheme}_proxy", "all_proxy")
    found = [os.environ.get(n) or os.environ.get(n.upper()) for n in names]
    proxy = next((value for value in found if value), None)
    if proxy is None or is_loopback(host):
        return None
    from urllib.request import proxy_bypass

    return None if proxy_bypass(host) else proxy


def _explain(url: str, error: Exception) -> NoReturn:
    scheme, host, port = origin(url)
    where = f"{scheme}://{host}:{port}"
    if isinstance(error, SSLError | ssl.SSLError):
        raise NetworkFailure(
            f"{where} did not prove who it is.",
            why=str(error)[:300],
            fix="If your network uses its own CA, point SSL_CERT_FILE at its certificates.",
        ) from error
    if isinstance(error, ProxyError):
        raise _Unreached(
            "The proxy could not be reached.",
            why=str(error)[:300],
            fix="Check HTTPS_PROXY and NO_PROXY.",
        ) from error
    why = "It took too long." if isinstance(error, Urllib3Timeout) else str(error)[:300]
    if isinstance(error, NewConnectionError):
        why = f"No connection: {error.__context__ or error}"[:300]
    fix = "Check the network and try again."
    if is_loopback(host):
        fix = "Is it running? Start it (skreg up), or check: skillpkg registry list"
    raise _Unreached(f"{where} could not be reached.", why=why, fix=fix) from error
