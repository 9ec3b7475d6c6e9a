"""Where a request comes from, as far as the proxies in front may be believed."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.requests import Request


def client_address(request: Request, trusted_proxies: str) -> str | None:
    """Return the address of the nearest party that is not one of our proxies.

    ``X-Forwarded-For`` is read from the right, the side our own proxies write: whatever a
    client put there itself stands further left and is never reached.

    Args:
        trusted_proxies: comma-separated networks, as in ``TRUSTED_PROXIES``.
    """
    peer = request.client.host if request.client else None
    trusted = _networks(trusted_proxies)
    hops = [item.strip() for line in _forwarded(request) for item in line.split(",")]
    address = peer
    while hops and _is_in(address, trusted):
        address = hops.pop()
    return address if _readable(address) else peer


def _forwarded(request: Request) -> list[str]:
    return request.headers.getlist("x-forwarded-for")


@lru_cache(maxsize=8)
def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    parts = (item.strip() for item in text.split(","))
    return tuple(ip_network(item, strict=False) for item in parts if item)


def _is_in(address: str | None, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return _readable(address) and any(ip_address(address or "") in item for item in networks)


def _readable(address: str | None) -> bool:
    try:
        ip_address(address or "")
    except ValueError:
        return False
    return True
