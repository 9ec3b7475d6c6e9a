"""A whole PKI with local keys, at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from skreg.pki.keys import PkiKeys
from skreg.pki.state import PkiState

NOW = datetime(2026, 11, 21, 4, 0, 0, 123456, tzinfo=UTC)


@dataclass
class Made:
    """One registry's PKI as it was at ``now``."""

    keys: PkiKeys
    state: PkiState
    now: datetime

    def later(self, **span: float) -> datetime:
        """A moment after ``now``."""
        return self.now + timedelta(**span)
