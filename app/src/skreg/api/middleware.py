"""What every API answer has: request id, Cache-Control, CORS for reads, HEAD, a log line."""

from __future__ import annotations

import re
import secrets
import time
from datetime import UTC, datetime

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from skreg.api.problems import crashed

_log = structlog.get_logger("skreg.request")
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_READS = ("GET", "HEAD")
_EXPOSED = (
    "etag, x-request-id, location, retry-after, "
    "x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset"
)
_PREFLIGHT = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, if-none-match",
    "access-control-max-age": "86400",
    "cache-control": "public, max-age=86400",
}


class Envelope:
    """Outermost middleware: whatever is inside, an answer leaves with these headers.

    ``x-request-id`` is taken from the caller when it is harmless, so that a proxy's id joins
    the logs. A read may be made from any origin, without credentials of the browser.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 defines it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        if scope["method"] == "OPTIONS":
            await _preflight(send, request_id)
            return
        await self._answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        begun, is_head, status = time.perf_counter(), scope["method"] == "HEAD", 0

        async def out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                _finish(headers, scope["method"], request_id)
                _warn(headers, scope["state"].get("token_expires"))
            elif is_head:
                if message.get("more_body"):
                    return
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        inner = {**scope, "method": "GET"} if is_head else scope
        try:
            await self._app(inner, receive, out)
        except Exception as error:
            if status:
                raise
            await crashed(Request(inner), error)(inner, receive, out)
        finally:
            _log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - begun) * 1000, 1),
                request_id=request_id,
            )


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)


def _finish(headers: MutableHeaders, method: str, request_id: str) -> None:
    headers["x-request-id"] = request_id
    headers["x-content-type-options"] = "nosniff"
    headers.setdefault("cache-control", "no-store")
    if method in _READS:
        headers["access-control-allow-origin"] = "*"
        headers["access-control-expose-headers"] = _EXPOSED


def _warn(headers: MutableHeaders, token_expires: datetime | None) -> None:
    """Say when the token that was used ends; never in an answer that others may get too."""
    if token_expires is not None and "public" not in headers["cache-control"]:
        headers["x-skreg-token-expires"] = f"{token_expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


async def _preflight(send: Send, request_id: str) -> None:
    headers = {**_PREFLIGHT, "x-request-id": request_id}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 204, "headers": encoded})
    await send({"type": "http.response.body", "body": b""})
