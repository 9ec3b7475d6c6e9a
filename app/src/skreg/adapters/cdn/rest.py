"""One POST with a bearer token to a cloud's management API; no redirect, seconds at most."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import urllib3
from urllib3.exceptions import HTTPError

from skreg.errors import Unavailable

_TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)
_SHOWN = 500
"""Bytes of a refusal that are told."""

Token = Callable[[], str | None]
"""Returns the bearer token to send; None sends none (a stand-in on this machine)."""


class Rest:
    """Sends requests to one service; blocks, so it is called in a thread."""

    def __init__(self, service: str, token: Token) -> None:
        self._service = service
        self._token = token
        self._pool = urllib3.PoolManager(maxsize=2)

    def post(self, url: str, body: Mapping[str, object]) -> None:
        """Send a JSON body.

        Raises:
            Unavailable: no answer, or one that is not 2xx.
        """
        headers = {"Content-Type": "application/json"}
        if (token := self._token()) is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            answer = self._pool.request(
                "POST",
                url,
                body=json.dumps(body).encode(),
                headers=headers,
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
            )
        except (HTTPError, OSError) as error:
            raise self._failed(f"{type(error).__name__}: {error}") from error
        if not 200 <= answer.status < 300:
            said = answer.data[:_SHOWN].decode("utf-8", "replace")
            raise self._failed(f"It answered {answer.status}: {said}")

    def _failed(self, why: str) -> Unavailable:
        return Unavailable(
            f"{self._service} did not take the invalidation.",
            why=why,
            fix="It is tried again. Check that this workload's identity may purge the CDN.",
        )
