"""The ``Idempotency-Key`` header of POST and PUT: a request sent twice is done once."""

from __future__ import annotations

import hashlib
import re

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skreg.api import problems
from skreg.api.body import MAX_BODY, too_large
from skreg.api.identity import identity_of
from skreg.api.services import idempotency
from skreg.api.services.idempotency import KeyedCall, StoredAnswer
from skreg.bootstrap import ApiContainer
from skreg.db.pool import AWAY, away
from skreg.errors import SkregError, Unprocessable

_METHODS = ("POST", "PUT")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)
_KEPT = ("content-type", "location", "etag")
_LARGEST_ANSWER = 256 * 1024


class Idempotency:
    """Middleware; heeds the header of callers with a good credential and passes all else on."""

    def __init__(self, app: ASGIApp, container: ApiContainer) -> None:
        self._app = app
        self._container = container

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 defines it."""
        is_heeded = scope["type"] == "http" and scope["method"] in _METHODS
        key = Headers(scope=scope).get("idempotency-key") if is_heeded else None
        if key is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            await self._keyed(request, key, send)
        except SkregError as error:
            await (await problems.answer(request, error))(scope, receive, send)
        except AWAY as error:
            await (await problems.answer(request, away(error)))(scope, receive, send)

    async def _keyed(self, request: Request, key: str, send: Send) -> None:
        principal = (await identity_of(request, self._container)).principal
        if principal is None:
            await self._app(request.scope, request.receive, send)
            return
        if not _KEY.fullmatch(key):
            raise _unusable()
        body = await _whole(request)
        scope = f"{principal.account_id} {request.method} {request.url.path}?{request.url.query}"
        call = KeyedCall(key, scope, _hash(request, body))
        stored = await idempotency.begin(self._container, call)
        if stored is not None:
            await _again(stored, send)
            return
        recorder = _Recorder(send)
        try:
            await self._app(request.scope, _replayed(body, request.receive), recorder.send)
        finally:
            await idempotency.finish(self._container, call, recorder.answer())


class _Recorder:
    """Passes an answer on and remembers it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._status = 500
        self._headers: dict[str, str] = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            found = Headers(raw=message["headers"])
            self._headers = {name: found[name] for name in _KEPT if name in found}
        elif len(self._body) <= _LARGEST_ANSWER:
            self._body += message.get("body", b"")
        await self._send(message)

    def answer(self) -> StoredAnswer:
        """Return what was sent; one that is too large to keep counts as not to be repeated."""
        status = 500 if len(self._body) > _LARGEST_ANSWER else self._status
        return StoredAnswer(status, self._headers, self._body)


async def _whole(request: Request) -> bytes:
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY:
            raise too_large()
        pieces.append(piece)
    return b"".join(pieces)


def _hash(request: Request, body: bytes) -> bytes:
    """Return what tells two bodies apart; a multipart boundary is new at every try and is not."""
    kind = request.headers.get("content-type", "")
    found = _BOUNDARY.search(kind) if kind.startswith("multipart/") else None
    if found is not None:
        body = body.replace(b"--" + found[1].encode(), b"--boundary")
        kind = "multipart"
    return hashlib.sha256(kind.encode() + b"\0" + body).digest()


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a channel that gives the body that was read, then what else comes."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _again(stored: StoredAnswer, send: Send) -> None:
    told = {**stored.headers, "idempotency-replayed": "true"}
    headers = [(name.encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": stored.status, "headers": headers})
    await send({"type": "http.response.body", "body": stored.body})


def _unusable() -> Unprocessable:
    detail = "must be 1 to 255 visible ASCII characters"
    error = {"rule": "idempotency-key", "path": "Idempotency-Key", "detail": detail}
    return Unprocessable(f"The idempotency key {detail}.", errors=[error])
