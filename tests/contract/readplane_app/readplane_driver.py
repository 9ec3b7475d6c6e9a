"""An ASGI client of a few lines, and the objects that the read-plane tests serve."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from skreg.adapters.blobs.file import FileBlobStore
from skreg.ports.blobs import BlobInfo

LARGE = 700_000
SMALL_LIMIT = 64 * 1024


def address(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


ARCHIVE = b"skill" * 100
BIG = bytes(range(256)) * (LARGE // 256)
DOCUMENT = b'{"payload":"e30="}'
TIMESTAMP = b'{"payload":"dGltZQ=="}'
ARCHIVE_PATH = f"/packages/acme/demo/1.0.0/{address(ARCHIVE)}.skill"
BUILD_PATH = f"/packages/acme/demo/1.0.0+7/{address(ARCHIVE)}.skill"
BIG_PATH = f"/packages/acme/big/1.0.0/{address(BIG)}.skill"
SIG_PATH = ARCHIVE_PATH.replace(".skill", ".sig")
DOCUMENT_PATH = f"/index/acme/demo/{address(DOCUMENT)}.json"
OBJECTS = {
    ARCHIVE_PATH: ARCHIVE,
    BUILD_PATH: ARCHIVE,
    BIG_PATH: BIG,
    SIG_PATH: b"sig",
    ARCHIVE_PATH.replace(".skill", ".release"): b"{}",
    DOCUMENT_PATH: DOCUMENT,
    "/index/acme/demo.json": DOCUMENT,
    "/index/timestamp": TIMESTAMP,
    f"/index/bins/0/{address(b'{}')}.json": b"{}",
    f"/index/tree/0/0/{address(b'tile')}": b"tile",
    "/log/checkpoint": b"note",
    "/log/tile/0/000.p/5": b"part",
    "/crl/00aa.crl": b"crl",
    "/trust/1.json": b"{}",
    "/trust/latest.json": b"{}",
    "/.well-known/skreg.json": b"{}",
}


@dataclass
class Reply:
    """What an ASGI application sent."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: int = 0
    sent_paths: list[str] = field(default_factory=list)
    complete: bool = False

    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        assert self.headers["cache-control"] == "no-store"
        found = json.loads(self.body)
        assert set(found) == {"type", "title", "status", "detail", "errors", "request_id"}
        assert found["status"] == self.status
        assert found["request_id"] == self.headers["x-request-id"]
        return dict(found)


class Client:
    """Calls an ASGI application as a server would."""

    def __init__(self, app: Any, extensions: dict[str, Any] | None = None) -> None:
        self.app, self.extensions = app, extensions

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        reply = Reply()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            take(reply, message)

        await self.app(self._scope(path, method, headers), receive, send)
        assert reply.complete
        return reply

    def _scope(self, path: str, method: str, headers: dict[str, str]) -> dict[str, Any]:
        raw = path.partition("?")[0]
        return {
            "type": "http",
            "method": method,
            "path": unquote(raw, errors="surrogateescape"),
            "raw_path": raw.encode("utf-8", "surrogateescape"),
            "query_string": path.partition("?")[2].encode(),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
            ],
            **({} if self.extensions is None else {"extensions": self.extensions}),
        }


def take(reply: Reply, message: dict[str, Any]) -> None:
    """Note one message, as strict about their order as a server."""
    if message["type"] == "http.response.start":
        assert reply.status == 0
        reply.status = message["status"]
        names = [name for name, _ in message["headers"]]
        assert len(names) == len(set(names))
        reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        return
    assert reply.status
    assert not reply.complete
    if message["type"] == "http.response.pathsend":
        reply.sent_paths.append(message["path"])
        reply.complete = True
        return
    reply.body += message["body"]
    reply.pieces += 1
    reply.complete = not message.get("more_body", False)


class RemoteStore(FileBlobStore):
    """The file adapter behind the port, as a store whose files nobody else can see."""

    def __init__(self, root: Any) -> None:
        super().__init__(root)
        self.uri = "remote://bucket"
        self.asked: list[tuple[str, str]] = []

    async def head(self, key: str) -> BlobInfo:
        self.asked.append(("head", key))
        return await super().head(key)

    async def get(self, key: str) -> bytes:
        self.asked.append(("get", key))
        return await super().get(key)
