"""Webhooks over the real network, with no way into the own one.

The name is looked up once, every address it has is checked, and the connection is made to an
address that was checked: a name that means another machine a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from skreg.adapters.addresses import Address, is_public, meant
from skreg.ports.hooks import HookAnswer, HookRefused, HookUnreached

_TIMEOUT = urllib3.Timeout(connect=3.0, read=5.0)
_TOTAL_SECONDS = 10.0
_SIMULTANEOUS = 4
_READ = 4096


class HttpHooks:
    """The ``Hooks`` port.

    Args:
        networks: comma-separated networks that may be reached although they are not public, and
            by plain http.
    """

    def __init__(self, networks: str = "") -> None:
        self._networks = _parsed(networks)
        self._turns = asyncio.Semaphore(_SIMULTANEOUS)

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> HookAnswer:
        """Send one POST; see the port."""
        async with self._turns:
            work = asyncio.to_thread(self._send, url, body, dict(headers))
            try:
                return await asyncio.wait_for(work, _TOTAL_SECONDS)
            except (HTTPError, OSError, TimeoutError) as error:
                raise HookUnreached(type(error).__name__) from error

    def _send(self, url: str, body: bytes, headers: dict[str, str]) -> HookAnswer:
        parts = urlsplit(url)
        address = self._checked(parts)
        pool = _pool(parts, address)
        try:
            answer = pool.request(
                "POST",
                (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                body=body,
                headers={**headers, "Host": parts.netloc},
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            answer.read(_READ, decode_content=False)
            answer.close()
            return HookAnswer(answer.status)
        finally:
            pool.close()

    def _checked(self, parts: SplitResult) -> str:
        host, port = parts.hostname or "", parts.port or _port(parts)
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(str(item[4][0]).partition("%")[0]) for item in found]
        are_own = all(self._is_own(item) for item in addresses)
        if parts.scheme != "https" and not are_own:
            raise HookRefused("only https is spoken over the public internet")
        if not are_own and not all(is_public(item) for item in addresses):
            raise HookRefused("its address is not one of the public internet")
        return str(addresses[0])

    def _is_own(self, address: Address) -> bool:
        return any(meant(address) in network for network in self._networks)


def _pool(parts: SplitResult, address: str) -> urllib3.HTTPConnectionPool:
    port = parts.port or _port(parts)
    if parts.scheme == "https":
        return urllib3.HTTPSConnectionPool(
            address, port, server_hostname=parts.hostname, assert_hostname=parts.hostname
        )
    return urllib3.HTTPConnectionPool(address, port)


def _port(parts: SplitResult) -> int:
    return 443 if parts.scheme == "https" else 80


@lru_cache(maxsize=8)
def _parsed(networks: str) -> tuple[IPv4Network | IPv6Network, ...]:
    given = (item.strip() for item in networks.split(","))
    return tuple(ip_network(item, strict=False) for item in given if item)
