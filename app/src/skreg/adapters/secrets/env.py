"""Secrets in environment variables: ``env://`` (optionally ``env://PREFIX_``); read only."""

from __future__ import annotations

import os

from skreg.errors import ConfigurationInvalid, Missing


class EnvironmentSecrets:
    """Reads variables whose names begin with a prefix."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def read(self, name: str) -> bytes:
        """Return the variable's value as UTF-8."""
        value = os.environ.get(self._prefix + name)
        if value is None:
            raise Missing(
                "The secret does not exist.",
                why=f"The environment has no {self._prefix}{name}.",
                fix="Set the variable for this process.",
            )
        return value.encode()

    def write(self, name: str, value: bytes) -> None:
        """Refuse: the next process would not see it."""
        raise ConfigurationInvalid(
            "A secret cannot be written to the environment.",
            why=f"{self._prefix}{name} was to be written.",
            fix="Use file://, awssm://, gcpsm:// or azurekv:// for secrets that the worker writes.",
        )


def open_store(uri: str) -> EnvironmentSecrets:
    """Open the environment."""
    return EnvironmentSecrets(uri.partition("://")[2].rstrip("/"))
