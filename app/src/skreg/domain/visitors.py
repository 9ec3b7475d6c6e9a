"""Who counts as one visitor: an address, or a home's IPv6 network, on one UTC day."""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv6Address, ip_address, ip_network

_SITE_BITS = 64
"""Whoever has one IPv6 address has the 2**64 of its network."""
_LENGTH = 16


def visitor(address: str, salt: bytes) -> bytes:
    """Return 16 bytes that stand for an address while ``salt`` is known, for nobody afterwards.

    A text that is no address counts as it is.
    """
    return hmac.digest(salt, _place(address).encode(), hashlib.sha256)[:_LENGTH]


def _place(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        bare = IPv6Address(int(found))  # without a zone
        return str(ip_network((bare, _SITE_BITS), strict=False))
    return str(found)
