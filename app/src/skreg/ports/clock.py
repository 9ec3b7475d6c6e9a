"""The clock port, so that expiry and renewal can be shown at any date."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Returns the present moment in UTC, with a time zone."""

    def __call__(self) -> datetime:
        """Return now, aware, in UTC."""
        ...
