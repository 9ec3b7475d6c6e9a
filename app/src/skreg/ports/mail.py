"""Sending a mail to the holder of an account."""

from __future__ import annotations

from typing import Protocol


class Mail(Protocol):
    """Sends mails."""

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand one mail over.

        Raises:
            Unavailable: it was not taken.
        """
        ...
