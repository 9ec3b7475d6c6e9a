"""Stand-ins of a cloud service may be reached on this machine, and nowhere else."""

from __future__ import annotations

from skreg.errors import ConfigurationInvalid

HOSTS = ("127.0.0.1", "localhost", "[::1]")


def is_loopback(host: str) -> bool:
    """Tell whether ``host[:port]`` is this machine."""
    name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
    return name in HOSTS


def require_loopback(host: str) -> str:
    """Return ``host[:port]`` when it is this machine.

    Raises:
        ConfigurationInvalid: it is another; a key would be asked for without TLS.
    """
    if not is_loopback(host):
        raise ConfigurationInvalid(
            "Another endpoint than the cloud's own must be on this machine.",
            why=f"The URI names {host!r}.",
            fix="Remove the endpoint from the URI, or name 127.0.0.1:PORT.",
        )
    return host
