"""The other application, imported after the first answers and started in the background."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from skreg.api.readplane.replies import problem_of, send_problem
from skreg.api.readplane.request import read
from skreg.errors import Unavailable

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)


class LazyApp:
    """An ASGI application built on first use, with a lifespan of its own.

    Args:
        factory: imports and builds the application; runs in a thread, so that reads go on.
    """

    def __init__(self, factory: Callable[[], ASGIApp]) -> None:
        self._factory = factory
        self._lifespan: Lifespan | None = None
        self._starting: asyncio.Task[Lifespan] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; 503 while the application cannot be started."""
        try:
            lifespan = self._lifespan or await self.start()
        except Exception:  # noqa: BLE001 (any failed import or start-up is a 503)
            _log.exception("The API application cannot be started.")
            await _refuse(scope, send)
            return
        state = {**scope.get("state", {}), **lifespan.state}
        await lifespan.app({**scope, "state": state}, receive, send)

    async def start(self) -> Lifespan:
        """Import and start the application once; a failed start is tried again by the next call.

        Raises:
            Exception: whatever the factory or the application's start-up raised.
        """
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        try:
            return await asyncio.shield(self._starting)
        except Exception:
            self._starting = None
            raise

    async def stop(self) -> None:
        """Let a started application shut down."""
        if self._starting is not None:
            await asyncio.wait([self._starting])
        if self._lifespan is not None:
            await self._lifespan.shutdown()

    async def _start(self) -> Lifespan:
        lifespan = Lifespan(await asyncio.to_thread(self._factory))
        await lifespan.startup()
        # What was imported stays; unfrozen, each full collection would walk it and stall reads.
        gc.freeze()
        self._lifespan = lifespan
        return lifespan


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1011})
        return
    problem = problem_of(Unavailable("The API is not ready.", fix="Try again in a moment."))
    await send_problem(read(scope, send), problem)


class Lifespan:
    """The server's side of the ASGI lifespan protocol, for one application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.state: dict[str, object] = {}
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._told: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def startup(self) -> None:
        """Start the application; one that knows no lifespan is used without.

        Raises:
            Unavailable: the application said that it cannot start.
        """
        self._task = asyncio.create_task(self._run())
        reply = await self._ask("lifespan.startup")
        if reply is not None and reply["type"] == "lifespan.startup.failed":
            raise Unavailable("The API could not start.", why=str(reply.get("message", "")))

    async def shutdown(self) -> None:
        """Ask the application to end and wait for it."""
        if self._task is not None and not self._task.done():
            await self._ask("lifespan.shutdown")

    async def _run(self) -> None:
        scope: Scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self.app(scope, self._inbox.get, self._told.put)
        except Exception:  # noqa: BLE001 (so says the protocol: go on without)
            _log.debug("The application ended its lifespan with an error.", exc_info=True)

    async def _ask(self, kind: str) -> Message | None:
        assert self._task is not None
        self._inbox.put_nowait({"type": kind})
        reply = asyncio.create_task(self._told.get())
        await asyncio.wait({reply, self._task}, return_when=asyncio.FIRST_COMPLETED)
        if not self._told.empty() or reply.done():
            return await reply
        reply.cancel()
        return None
