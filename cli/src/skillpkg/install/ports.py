"""What the verifier needs from outside: a read plane, a memory, and nothing else.

``client/`` implements both over HTTP and the disk; tests implement them in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class ReadPlane(Protocol):
    """A registry's static objects. Safe to call from several threads at once."""

    def get(self, path: str, *, max_size: int, immutable: bool) -> bytes:
        """Return the object at ``path``, for example ``/index/timestamp``.

        Args:
            path: begins with a slash, exactly as PROTOCOL writes it.
            max_size: the most bytes to read; reading stops there.
            immutable: the bytes at this path never change, so they may come from a cache of
                any age. Otherwise only an answer the registry calls fresh may be used.

        Raises:
            NotFound: the registry answered that there is no such object.
            NetworkFailure: no answer, a wrong one, or more than ``max_size`` bytes.
        """
        ...


@dataclass(frozen=True, slots=True)
class RememberedIndex:
    """The newest index document seen of one package."""

    sequence: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RememberedCrl:
    """The newest CRL seen of one CA, with the DER bytes so that it serves for a day."""

    number: int
    fetched_at: datetime
    der: bytes


class TrustState(Protocol):
    """What one registry has shown before; one instance serves one registry.

    Values are only ever handed over after they were verified. ``remember_*`` may be called
    from the thread that verifies and must be durable by the time the run ends.
    """

    def issued_at(self) -> datetime | None:
        """Return when the newest timestamp seen was issued (UTC)."""
        ...

    def remember_issued_at(self, issued_at: datetime) -> None:
        """Keep the time of a newer timestamp."""
        ...

    def index(self, package: str) -> RememberedIndex | None:
        """Return the newest index document seen of ``package`` (``ns/name``)."""
        ...

    def remember_index(self, package: str, index: RememberedIndex) -> None:
        """Keep a newer index document of ``package``."""
        ...

    def crl(self, ca_id: str) -> RememberedCrl | None:
        """Return the newest CRL seen of the CA."""
        ...

    def remember_crl(self, ca_id: str, crl: RememberedCrl) -> None:
        """Keep a CRL whose number is at least the remembered one's."""
        ...

    def checkpoint(self, origin: str) -> bytes | None:
        """Return the signed note of the largest tree seen of the log ``origin``, verbatim."""
        ...

    def remember_checkpoint(self, origin: str, size: int, note: bytes) -> None:
        """Keep the note of a tree with ``size`` leaves, unless a larger one is kept already."""
        ...

    def bundle_version(self) -> int:
        """Return the highest trust bundle version seen, 0 for none."""
        ...

    def remember_bundle_version(self, version: int) -> None:
        """Keep a higher trust bundle version."""
        ...

    def keep_fork(self, origin: str, ours: bytes, theirs: bytes) -> str:
        """Keep two signed notes that contradict each other; return where they can be read."""
        ...
