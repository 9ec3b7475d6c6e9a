"""The port of the cache in front of the read plane: what was taken down must leave it too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Cdn(Protocol):
    """Forgets objects before their time."""

    async def invalidate(self, paths: Sequence[str]) -> None:
        """Ask every edge to drop the objects at these absolute URL paths; safe to repeat.

        Returns when the CDN has taken the request; edges follow within minutes.

        Raises:
            Unavailable: the CDN's API did not take it; ask again later.
        """
        ...
