"""Asks an ASGI application directly: no socket, no server."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from support.unsigning import Unsigning


@dataclass(frozen=True)
class Answer:
    """A response as it left the application."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class AsgiClient:
    """Sends requests one by one; ``token`` goes into Authorization."""

    def __init__(self, app: Any, token: str | None = None) -> None:
        self.app = app
        self.token = token

    def with_token(self, token: str) -> AsgiClient:
        return AsgiClient(self.app, token)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.request("GET", path, headers=headers)

    async def post(self, path: str, content: Any = None, **headers: str) -> Answer:
        body = b"" if content is None else json.dumps(content).encode()
        sent = {"content-type": "application/json", **headers}
        return await self.request("POST", path, body=body, headers=sent)

    async def upload(self, path: str, data: bytes, field: str = "archive", **more: bytes) -> Answer:
        body, kind = multipart(data, field, **more)
        return await self.request("POST", path, body=body, headers={"content-type": kind})

    async def request(
        self, method: str, path: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        target, _, query = path.partition("?")
        sent = {"host": "test", **(headers or {})}
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(target),
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in sent.items()],
            "client": ("127.0.0.1", 40000),
            "server": ("test", 80),
        }
        inbox = [
            {"type": "http.request", "body": body[i : i + 65536], "more_body": True}
            for i in range(0, len(body), 65536)
        ] + [{"type": "http.request", "body": b"", "more_body": False}]
        messages: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return inbox.pop(0) if inbox else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        await Unsigning(self.app)(scope, receive, send)
        start = next(item for item in messages if item["type"] == "http.response.start")
        found = {k.decode().lower(): v.decode() for k, v in start["headers"]}
        content = b"".join(item.get("body", b"") for item in messages)
        return Answer(start["status"], found, content)


def multipart(data: bytes, field: str = "archive", **more: bytes) -> tuple[bytes, str]:
    """Return a multipart body with a file in each field, and its content type."""
    boundary = uuid.uuid4().hex
    body = b""
    for name, content in {field: data, **more}.items():
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body += head.encode() + content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
