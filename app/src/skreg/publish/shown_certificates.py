"""Puts the CAs' certificates into the secret where the infrastructure says that they are found."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from skreg.errors import Missing, SkregError
from skreg.pki.state import PkiState
from skreg.ports.secrets import NamedSecret

AGAIN_AFTER = timedelta(minutes=5)
"""How long a store that failed is left alone: publishing must not wait for it each time."""


@dataclass(slots=True)
class ShownCertificates:
    """The secret, and what this process has seen stand in it.

    Attributes:
        place: None when nobody asked for the certificates.
        seen: the value that stands there, as far as this process knows.
    """

    place: NamedSecret | None
    seen: bytes = b""
    _failure: SkregError | None = None
    _again_at: datetime | None = None

    async def show(self, state: PkiState, now: datetime) -> SkregError | None:
        """Write the certificates when others stand there; returns why they could not be.

        A failure stops nothing else: who verifies goes by the trust bundle and each release.
        """
        wanted = state.authorities_pem.encode()
        if self.place is None or wanted == self.seen:
            return None
        if self._again_at is not None and now < self._again_at:
            return self._failure
        try:
            await asyncio.to_thread(_write_changed, self.place, wanted)
        except SkregError as error:
            self._failure, self._again_at = error, now + AGAIN_AFTER
            return error
        self.seen, self._again_at = wanted, None
        return None


def _write_changed(place: NamedSecret, wanted: bytes) -> None:
    """Write unless the value stands there, so that a start adds no version to the secret."""
    try:
        if place.read() == wanted:
            return
    except Missing:
        pass  # the infrastructure makes the secret without a value
    place.write(wanted)
