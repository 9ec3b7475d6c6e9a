"""The other application: built late, started once, told to stop, and never in a read's way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from readplane_driver import DOCUMENT, DOCUMENT_PATH


class Inner:
    """A small application with a lifespan, that notes what happens to it."""

    def __init__(self, start: str = "lifespan.startup.complete") -> None:
        self.start, self.seen = start, []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.live(scope, receive, send)
            return
        self.seen.append((scope["type"], scope.get("path"), scope["state"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"inner"})

    async def live(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append((await receive())["type"])
        scope["state"]["pool"] = "open"
        await send({"type": self.start, "message": "no database"})
        if self.start.endswith("failed"):
            raise RuntimeError("no database")
        self.seen.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})


class Server:
    """The server's side of the outer lifespan."""

    def __init__(self, app: Any) -> None:
        self.inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.told: asyncio.Queue[Any] = asyncio.Queue()
        scope = {"type": "lifespan", "state": {}}
        self.task = asyncio.create_task(app(scope, self.inbox.get, self.told.put))

    async def start(self) -> None:
        self.inbox.put_nowait({"type": "lifespan.startup"})
        assert (await self.told.get())["type"] == "lifespan.startup.complete"

    async def stop(self) -> None:
        self.inbox.put_nowait({"type": "lifespan.shutdown"})
        assert (await self.told.get())["type"] == "lifespan.shutdown.complete"
        await self.task


async def test_everything_else_goes_to_the_fallback_built_once(make_plane: Any) -> None:
    inner, built = Inner(), []
    plane = make_plane(fallback=lambda: built.append(1) or inner)
    assert (await plane.client.ask(DOCUMENT_PATH)).body == DOCUMENT
    assert built == []
    replies = await asyncio.gather(*(plane.client.ask(path) for path in ("/", "/v1/x", "/index")))
    assert [reply.body for reply in replies] == [b"inner"] * 3
    assert built == [1]
    assert inner.seen[0] == "lifespan.startup"
    assert inner.seen[1] == ("http", "/", {"pool": "open"})


async def test_the_server_starts_at_once_and_the_fallback_behind_it(make_plane: Any) -> None:
    inner = Inner()
    plane = make_plane(fallback=lambda: inner)
    server = Server(plane.app)
    await server.start()
    assert (await plane.client.ask(DOCUMENT_PATH)).body == DOCUMENT
    await server.stop()
    assert inner.seen == ["lifespan.startup", "lifespan.shutdown"]


async def test_a_fallback_that_cannot_start_is_503_until_it_can(make_plane: Any) -> None:
    apps = [Inner("lifespan.startup.failed"), Inner("lifespan.startup.failed"), Inner()]
    plane = make_plane(fallback=lambda: apps.pop(0))
    server = Server(plane.app)
    await server.start()
    await asyncio.sleep(0.05)
    reply = await plane.client.ask("/v1/search")
    assert reply.status == 503
    assert reply.problem()["detail"] == "The API is not ready. Try again in a moment."
    assert (await plane.client.ask(DOCUMENT_PATH)).status == 200
    assert (await plane.client.ask("/v1/search")).body == b"inner"
    await server.stop()


async def test_a_fallback_that_cannot_be_imported_ends_quietly(make_plane: Any) -> None:
    def broken() -> Any:
        raise ImportError("no such module")

    plane = make_plane(fallback=broken)
    server = Server(plane.app)
    await server.start()
    assert (await plane.client.ask("/", "HEAD")).status == 503
    await server.stop()


async def test_a_websocket_to_a_fallback_that_is_down_is_closed(make_plane: Any) -> None:
    def broken() -> Any:
        raise ImportError("no such module")

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await make_plane(fallback=broken).app({"type": "websocket", "path": "/"}, None, send)
    assert sent == [{"type": "websocket.close", "code": 1011}]


@pytest.mark.parametrize("ends", ["raises", "returns"])
async def test_a_fallback_without_a_lifespan_is_used_all_the_same(
    make_plane: Any, ends: str
) -> None:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            if ends == "raises":
                raise ValueError("http only")
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"plain"})

    plane = make_plane(fallback=lambda: plain)
    server = Server(plane.app)
    await server.start()
    assert (await plane.client.ask("/")).body == b"plain"
    await server.stop()


def test_the_first_second_imports_nothing_heavy() -> None:
    heavy = {"fastapi", "starlette", "pydantic", "sqlmodel", "sqlalchemy", "obstore", "structlog"}
    code = f"import sys, skreg.api.readplane; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
