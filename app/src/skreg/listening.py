"""Whether an address can be bound, said before anything else is started."""

from __future__ import annotations

import socket

from skreg.errors import ConfigurationInvalid


def require_free(host: str, port: int) -> None:
    """Pass when the address can be bound now.

    Raises:
        ConfigurationInvalid: it is in use or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationInvalid(
                f"Port {port} on {host} cannot be used.",
                why=error.strerror or str(error),
                fix="Stop what listens there, or choose another with --port (0: a free one).",
            ) from error
