"""The secrets port: read at use, so that a rotation needs no restart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class SecretStore(Protocol):
    """Reads (and, for the worker's certificates, writes) one named secret.

    Both methods raise ``Missing`` for an unknown name and ``Unavailable`` when the store does
    not answer.
    """

    def read(self, name: str) -> bytes:
        """Return the secret's present value."""
        ...

    def write(self, name: str, value: bytes) -> None:
        """Store a new value under the name."""
        ...


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """One secret of one store; errors as `SecretStore`'s."""

    store: SecretStore
    name: str

    def read(self) -> bytes:
        """Return the secret's present value."""
        return self.store.read(self.name)

    def write(self, value: bytes) -> None:
        """Store a new value."""
        self.store.write(self.name, value)
