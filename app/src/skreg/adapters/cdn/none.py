"""No CDN: ``none:``. What reads the store reads it without a cache of ours."""

from __future__ import annotations

from collections.abc import Sequence


class NoCdn:
    """There is nothing to forget."""

    async def invalidate(self, paths: Sequence[str]) -> None:
        """Do nothing."""


def open_cdn(_uri: str) -> NoCdn:
    """Return the one there is."""
    return NoCdn()
