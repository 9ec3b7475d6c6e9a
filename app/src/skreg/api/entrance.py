"""What every request passes before the routes: who asks, how often, and whether they may look in.

The read plane stands before this and is not counted: an install must not fail on a limit.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from skreg.api import problems
from skreg.api.identity import Identity, identity_of
from skreg.api.services import limits, sight
from skreg.bootstrap import ApiContainer
from skreg.db.pool import AWAY, away
from skreg.domain.permissions import Scope
from skreg.domain.visibility import is_open, needs_read, package_in
from skreg.errors import SkregError, Unauthenticated

_PROBES = frozenset(("/healthz", "/readyz"))


class Entrance:
    """Middleware: counts a request against its limit, and keeps a private registry private."""

    def __init__(self, app: ASGIApp, container: ApiContainer) -> None:
        self._app = app
        self._container = container
        self._is_private = container.settings.visibility == "private"

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 defines it."""
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        headers: dict[str, str] = {}

        async def out(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._finish(MutableHeaders(scope=message), headers)
            await send(message)

        request = Request(scope)
        try:
            await self._admit(request, headers)
        except SkregError as error:
            await (await problems.answer(request, error))(scope, receive, out)
        except AWAY as error:
            await (await problems.answer(request, away(error)))(scope, receive, out)
        else:
            await self._app(scope, receive, out)

    async def _admit(self, request: Request, headers: dict[str, str]) -> None:
        identity = await identity_of(request, self._container)
        rate = await limits.charge(self._container, identity.principal, identity.address)
        headers |= rate.headers()
        if rate.is_exceeded:
            raise limits.refusal(self._container, rate, identity.principal)
        if self._is_private and not is_open(request.url.path):
            await self._require_reader(request, identity)

    async def _require_reader(self, request: Request, identity: Identity) -> None:
        principal = identity.require()
        if principal is None:
            raise Unauthenticated(
                "This registry is private.",
                fix="Send a token as Authorization: Bearer, or as the password of Basic.",
            )
        if needs_read(request.method, request.url.path):
            principal.require(Scope.READ)
        named = package_in(request.url.path)
        if named is not None:
            await sight.require(self._container, principal, *named)

    def _finish(self, headers: MutableHeaders, own: dict[str, str]) -> None:
        for name, value in own.items():
            headers[name] = value
        caching = headers.get("cache-control", "")
        if self._is_private and "public" in caching:
            headers["cache-control"] = caching.replace("public", "private")
