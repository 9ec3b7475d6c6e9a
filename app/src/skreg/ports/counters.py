"""Counting events in windows of time, in one process or shared by many."""

from __future__ import annotations

from typing import Protocol


class Counters(Protocol):
    """Counts."""

    async def add(self, key: str, window: int, seconds: int) -> int:
        """Count one event of ``key`` in a window and return how many it holds now.

        Args:
            window: the window's number; a count is forgotten after its window.
            seconds: how long a window is.
        """
        ...

    async def close(self) -> None:
        """Return what was opened."""
        ...
