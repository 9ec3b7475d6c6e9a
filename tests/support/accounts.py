"""Shorthands of the tests about accounts: calls with a body, forms, tokens, organisations."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from skreg.ports.web import WebAnswer
from support.asgi import Answer, AsgiClient
from support.registry import signed_up


async def send(client: AsgiClient, method: str, path: str, body: Any = None) -> Answer:
    """Send a call with a JSON body."""
    if body is None:
        return await client.request(method, path)
    headers = {"content-type": "application/json"}
    return await client.request(method, path, body=json.dumps(body).encode(), headers=headers)


async def send_form(client: AsgiClient, path: str, **fields: str) -> Answer:
    """Send a form."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await client.request("POST", path, body=urlencode(fields).encode(), headers=headers)


async def token_of(client: AsgiClient, *scopes: str, **more: Any) -> AsgiClient:
    """Return a client with a fresh token of the session's account."""
    body = {"name": "t", "scopes": list(scopes), **more}
    made = await send(client, "POST", "/v1/tokens", body)
    assert made.status == 201, made.body
    return client.with_token(made.json()["token"])


async def organisation(client: AsgiClient, name: str = "crew") -> AsgiClient:
    """Create an organisation with a client's account and return the client."""
    made = await send(client, "POST", "/v1/namespaces", {"name": name})
    assert made.status == 201, made.body
    return client


async def join(owner: AsgiClient, namespace: str, username: str, role: str) -> AsgiClient:
    """Sign an account up and make it a member; return its client."""
    member = await signed_up(AsgiClient(owner.app), username)
    path = f"/v1/namespaces/{namespace}/invitations"
    made = await send(owner, "POST", path, {"username": username, "role": role})
    assert made.status == 201, made.body
    accepted = await member.post(f"/v1/invitations/{made.json()['id']}/accept")
    assert accepted.status == 200, accepted.body
    return member


@dataclasses.dataclass
class FakeWeb:
    """The ``Web`` port over a dict; ``asked`` are the URLs in order."""

    answers: dict[str, WebAnswer] = dataclasses.field(default_factory=dict)
    asked: list[str] = dataclasses.field(default_factory=list)

    async def get(self, url: str, *, max_size: int, public_only: bool = False) -> WebAnswer:
        self.asked.append(f"{'public ' if public_only else ''}{url}")
        return self.answers.get(url, WebAnswer(404, b""))

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        self.asked.append(url)
        return self.answers.get(url, WebAnswer(404, b""))


@dataclasses.dataclass
class FakeNames:
    """The ``Names`` port over a dict."""

    records: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    async def texts(self, name: str) -> list[str]:
        return self.records.get(name, [])


@dataclasses.dataclass
class FakeMail:
    """The ``Mail`` port that keeps what was sent."""

    sent: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    is_broken: bool = False

    async def send(self, to: str, subject: str, text: str) -> None:
        from skreg.errors import Unavailable

        if self.is_broken:
            raise Unavailable("The mail hook is away.")
        self.sent.append((to, subject, text))


class MovingClock:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by
