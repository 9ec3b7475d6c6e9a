"""The read plane as an ASGI application that stands before the rest of the API.

It answers GET, HEAD and OPTIONS under ``/index/ /packages/ /log/ /crl/ /trust/`` and for
``/.well-known/skreg.json``; everything else goes to the lazily imported fallback.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from skreg.api.readplane.delivery import bare, deliver
from skreg.api.readplane.fallback import LazyApp
from skreg.api.readplane.objects import BELIEVED, Answer, AnswerCache, Freshness, Objects
from skreg.api.readplane.paths import key_of, owns
from skreg.api.readplane.ranges import RangeUnsatisfiableError
from skreg.api.readplane.replies import (
    ALLOWED,
    PREFLIGHT,
    SHARED,
    Problem,
    problem_of,
    send_problem,
)
from skreg.api.readplane.request import Request, read
from skreg.api.readplane.sources import source_of
from skreg.errors import BlobMissing, SkregError
from skreg.ports.blobs import BlobHeaders, BlobStore
from skreg.publish.headers import headers_for, path_class

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    Authorize = Callable[[Scope], Awaitable[Problem | None]]
    Elsewhere = Callable[[str], Awaitable[str | None]]

_METHODS: Final = frozenset(("GET", "HEAD"))
_log = logging.getLogger(__name__)
_UNKNOWN: Final = Problem(404, "not-found", "No object has such a path.")
_METHOD: Final = Problem(
    405, "method-not-allowed", "The read plane is read with GET or HEAD.", ((b"allow", ALLOWED),)
)
_BROKEN: Final = Problem(500, "internal", "The registry made a mistake; it is in its log.")


class ReadPlaneApp:
    """Raw ASGI: static objects with their caching, everything else to the fallback.

    Args:
        store: where published objects are; ``file://`` stores are read without their adapter.
        fallback: imports and returns the rest of the API; called once, in a thread, after the
            server has started or with the first request that needs it.
        authorize: for private registries, returns None or the refusal; the answers are then
            marked for private caches.
        elsewhere: for private registries, the URL from which a large object may be fetched
            instead, None to stream it.
        memory: bytes that answers may take in memory.
        small: largest content-addressed object in bytes that is kept in memory.
        freshness: how long an answer is believed without asking the store.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        store: BlobStore,
        fallback: Callable[[], ASGIApp],
        *,
        authorize: Authorize | None = None,
        elsewhere: Elsewhere | None = None,
        memory: int = 64 * 1024 * 1024,
        small: int = 128 * 1024,
        freshness: Freshness = BELIEVED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source_of(store)
        self._authorize = authorize
        self._elsewhere = elsewhere
        self._objects = Objects(
            self._source,
            headers_for if authorize is None else _private_headers_for,
            AnswerCache(memory),
            small=small,
            freshness=freshness,
            clock=clock,
        )
        self._fallback = LazyApp(fallback)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 defines it."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and owns(scope["path"]):
            await self._serve(read(scope, send))
        else:
            await self._fallback(scope, receive, send)

    async def _serve(self, request: Request) -> None:
        if request.method == "OPTIONS":
            await bare(request, 204, PREFLIGHT)
            return
        found = await self._find(request)
        if isinstance(found, Answer):
            try:
                if not await self._sent_elsewhere(request, found):
                    await deliver(request, found, self._source)
                return
            except RangeUnsatisfiableError:
                found = _beyond(found.size)
            except SkregError as error:
                found = problem_of(error)
        await send_problem(request, found)

    async def _sent_elsewhere(self, request: Request, found: Answer) -> bool:
        if self._elsewhere is None or found.body is not None:
            return False
        url = await self._elsewhere(found.key)
        if url is None:
            return False
        location = (b"location", url.encode("ascii"))
        await bare(request, 307, [location, (b"cache-control", b"no-store"), *SHARED])
        return True

    async def _find(self, request: Request) -> Answer | Problem:
        scope = request.scope
        try:
            if request.method not in _METHODS:
                return _METHOD
            refusal = await self._authorize(scope) if self._authorize is not None else None
            return refusal or await self._object(scope.get("raw_path") or scope["path"].encode())
        except BlobMissing as error:
            return problem_of(error)
        except SkregError as error:
            _log.warning("Request %s: %s", request.id.decode(), error)
            return problem_of(error)
        except Exception:  # noqa: BLE001 (a mistake of ours is a 500, never a trace)
            _log.exception("Request %s failed.", request.id.decode())
            return _BROKEN

    async def _object(self, raw_path: bytes) -> Answer | Problem:
        if (fresh := self._objects.fresh(raw_path)) is not None:
            return fresh
        key = key_of(raw_path)
        if key is None or path_class(key) is None:
            return _UNKNOWN
        path = b"/" + key.encode()
        return self._objects.fresh(path) or await self._objects.find(path, key)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        # Reads are answered from now on; the rest of the API is imported behind them.
        await send({"type": "lifespan.startup.complete"})
        warming = asyncio.create_task(self._warm())
        await receive()
        await warming
        await self._fallback.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _warm(self) -> None:
        try:
            await self._fallback.start()
        except Exception:  # noqa: BLE001 (the next request tries again)
            _log.exception("The API cannot be started yet; reads are served.")


def _beyond(size: int) -> Problem:
    where = (b"content-range", b"bytes */%d" % size)
    detail = f"The range begins after the object's end: it has {size} bytes."
    return Problem(416, "requested-range-not-satisfiable", detail, (where,))


def _private_headers_for(key: str) -> BlobHeaders:
    public = headers_for(key)
    caching = (public.cache_control or "").replace("public", "private")
    return BlobHeaders(public.content_type, caching)
