"""The port of a malware scanner: one file's bytes in, the name of what was found out."""

from __future__ import annotations

from typing import Protocol


class Scanner(Protocol):
    """Knows malware when it sees it."""

    async def scan(self, data: bytes) -> str | None:
        """Return the signature's name that ``data`` matches, None when it matches none.

        Raises:
            Unscannable: the scanner answered that it does not look at this file; asking again
                does not help.
            ScannerUnavailable: it did not answer; ask again later.
        """
        ...
