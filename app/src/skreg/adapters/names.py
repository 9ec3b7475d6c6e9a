"""TXT records through dnspython and the machine's own name servers."""

from __future__ import annotations

import dns.asyncresolver
import dns.exception
import dns.resolver

from skreg.errors import Unavailable

_SECONDS = 5.0


class DnsNames:
    """The ``Names`` port over the real domain name system.

    Args:
        servers: name servers to ask, ``host`` each; empty: what the machine is set to.
        port: their UDP port.
    """

    def __init__(self, servers: tuple[str, ...] = (), port: int = 53) -> None:
        self._servers = servers
        self._port = port

    async def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name; see the port."""
        try:
            found = await self._resolver().resolve(name, "TXT", lifetime=_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            why = type(error).__name__
            raise Unavailable(f"The name servers did not answer for {name}.", why=why) from error
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found]

    def _resolver(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=not self._servers)
        if self._servers:
            resolver.nameservers = list(self._servers)
            resolver.port = self._port
        return resolver
