"""HTTP through urllib3 in a thread: short, bounded, no redirect, no way into the own network."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from skreg.adapters.addresses import is_public
from skreg.adapters.loopback import is_loopback
from skreg.errors import Unavailable
from skreg.ports.web import WebAnswer

_TIMEOUT = urllib3.Timeout(connect=3.0, read=5.0)
_POST_LIMIT = 64 * 1024
_SIMULTANEOUS = 8
_TOTAL_SECONDS = 10.0


class HttpWeb:
    """The ``Web`` port over the real network."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_SIMULTANEOUS)
        self._pool = urllib3.PoolManager(maxsize=_SIMULTANEOUS)

    async def get(self, url: str, *, max_size: int, public_only: bool = False) -> WebAnswer:
        """Return the answer to a GET; see the port."""
        return await self._run(self._get, url, max_size, public_only)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        """Return the answer to a POST; see the port."""
        return await self._run(self._post, url, body, dict(headers))

    async def _run(self, work: Callable[..., WebAnswer], *arguments: object) -> WebAnswer:
        async with self._turns:
            try:
                return await asyncio.wait_for(asyncio.to_thread(work, *arguments), _TOTAL_SECONDS)
            except (HTTPError, OSError, TimeoutError) as error:
                raise _unreached(str(arguments[0]), type(error).__name__) from error

    def _get(self, url: str, max_size: int, public_only: bool) -> WebAnswer:
        if public_only:
            return _read(_public(url), max_size)
        _require_safe(url)
        return _read(self._ask("GET", url), max_size)

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> WebAnswer:
        _require_safe(url)
        return _read(self._ask("POST", url, body, headers), _POST_LIMIT)

    def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            method,
            url,
            body=body,
            headers=headers,
            timeout=_TIMEOUT,
            retries=False,
            redirect=False,
            preload_content=False,
        )


def _public(url: str) -> urllib3.BaseHTTPResponse:
    """Ask a host that a user named, at an address that was checked and is then used."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or parts.port not in (None, 443):
        raise _unreached(url, "only https on its own port is asked")
    found = {str(item[4][0]) for item in socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)}
    if not all(is_public(ip_address(item.partition("%")[0])) for item in found):
        raise _unreached(url, "its address is not one of the public internet")
    pool = urllib3.HTTPSConnectionPool(
        sorted(found)[0], 443, server_hostname=host, assert_hostname=host, timeout=_TIMEOUT
    )
    return pool.request(
        "GET",
        parts.path or "/",
        headers={"Host": host},
        retries=False,
        redirect=False,
        preload_content=False,
    )


def _read(answer: urllib3.BaseHTTPResponse, max_size: int) -> WebAnswer:
    try:
        body = answer.read(max_size + 1, decode_content=False)
        if len(body) > max_size:
            raise _unreached(str(answer.url), f"the answer is larger than {max_size} bytes")
        return WebAnswer(answer.status, body)
    finally:
        answer.close()


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.netloc)):
        return
    raise _unreached(url, "it is not https")


def _unreached(url: str, why: str) -> Unavailable:
    return Unavailable(f"{urlsplit(url).hostname} could not be asked.", why=why)
