"""What narrows a token: namespaces or packages, and networks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from skillpkg.errors import SkillpkgError
from skillpkg.types import Namespace, PackageName

_MAPPED_BITS = 96
"""Leading bits of an IPv6 address that stands for an IPv4 one."""
MAX_ENTRIES = 32
"""Entries that one list of a token may have."""


def parse_limits(texts: Sequence[str]) -> tuple[str, ...]:
    """Return ``ns`` and ``ns/name`` entries, checked and without repetition.

    Raises:
        ValueError: too many, or one that is no name.
    """
    if len(texts) > MAX_ENTRIES:
        raise ValueError(f"has {len(texts)} entries, at most {MAX_ENTRIES} are possible")
    return tuple(dict.fromkeys(_limit(text) for text in texts))


def _limit(text: str) -> str:
    namespace, slash, name = text.partition("/")
    try:
        found = str(Namespace.parse(namespace))
        return f"{found}/{PackageName.parse(name)}" if slash else found
    except SkillpkgError as error:
        raise ValueError(f"{text[:80]!a} is neither a namespace nor ns/name") from error


def parse_networks(texts: Sequence[str]) -> tuple[str, ...]:
    """Return CIDR ranges in their canonical form; a single address is a range of one.

    Raises:
        ValueError: too many, or one that is no range.
    """
    if len(texts) > MAX_ENTRIES:
        raise ValueError(f"has {len(texts)} entries, at most {MAX_ENTRIES} are possible")
    return tuple(dict.fromkeys(str(_network(text)) for text in texts))


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        found = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise ValueError(f"{text[:80]!a} is no network such as 10.0.0.0/8") from error
    mapped = (
        found.network_address.ipv4_mapped
        if isinstance(found.network_address, IPv6Address)
        else None
    )
    if mapped is not None and found.prefixlen >= _MAPPED_BITS:
        return ip_network((str(mapped), found.prefixlen - _MAPPED_BITS))
    return found


def reaches(limits: Iterable[str], namespace: str, package: str | None = None) -> bool:
    """Whether limits include a package, or with ``package`` None a whole namespace."""
    allowed = tuple(limits)
    if not allowed or namespace in allowed:
        return True
    return package is not None and f"{namespace}/{package}" in allowed


def within(address: str | None, networks: Iterable[str]) -> bool:
    """Whether an address is in one of the networks; no networks admit every address."""
    ranges = tuple(networks)
    if not ranges:
        return True
    try:
        found = ip_address(address or "")
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in ip_network(item) for item in ranges)


def neighbourhood(address: str | None) -> str:
    """Return what counts as one address: IPv4 whole, IPv6 its /64, which one host owns."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ip_network((found, 64), strict=False))
    return str(found)
