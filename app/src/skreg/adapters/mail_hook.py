"""Mails by a hook: one JSON document a mail goes to the operator's own sender."""

from __future__ import annotations

import json

from skreg.errors import Unavailable
from skreg.ports.web import Web


class HookMail:
    """The ``Mail`` port over a URL that takes ``{"to", "subject", "text"}`` by POST."""

    def __init__(self, web: Web, url: str) -> None:
        self._web = web
        self._url = url

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand one mail over; see the port."""
        body = json.dumps({"to": to, "subject": subject, "text": text}).encode()
        answer = await self._web.post(self._url, body, {"Content-Type": "application/json"})
        if not 200 <= answer.status < 300:
            raise Unavailable("The mail hook did not take a mail.", why=f"It said {answer.status}.")
