"""The domain name system, as far as the proof of a domain needs it."""

from __future__ import annotations

from typing import Protocol


class Names(Protocol):
    """Looks names up."""

    async def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name, each joined to one text; none is an empty list.

        Raises:
            Unavailable: the name servers do not answer.
        """
        ...
