"""schemathesis' side of the proof: who asks, and from where; its process's environment tells."""

from __future__ import annotations

import os
import random
from typing import Any

import requests
import schemathesis

URL = os.environ["SKREG_URL"]
USERNAME = os.environ.get("SKREG_USERNAME", "")
PASSWORD = os.environ.get("SKREG_PASSWORD", "")
_random = random.Random(os.environ.get("SKREG_SEED", ""))


def address() -> str:
    """Return the address of somebody else each time, so that no attempt is one too many."""
    return ".".join(["10", *(str(_random.randrange(1, 255)) for _ in range(3))])


@schemathesis.hook
def before_call(_context: object, case: schemathesis.Case, _kwargs: object) -> None:
    case.headers = {**(case.headers or {}), "X-Forwarded-For": address()}


class Login:
    """A session of one account; a new one when a request has ended it."""

    def get(self, _case: schemathesis.Case, _context: object) -> str:
        answer = requests.post(
            f"{URL}/v1/auth/login",
            json={"username": USERNAME, "password": PASSWORD},
            headers={"X-Forwarded-For": address()},
            timeout=20,
        )
        found: dict[str, Any] = answer.json()
        return str(found.get("access_token", ""))

    def set(self, case: schemathesis.Case, data: str, _context: object) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


if USERNAME:
    schemathesis.auth(refresh_interval=60)(Login)
