"""The API process: read plane at once, FastAPI behind it, one granian worker in this process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from skreg.adapters.blobs import open_blob_store
from skreg.api.readplane import ReadPlaneApp
from skreg.listening import require_free
from skreg.settings import ApiSettings

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def build(settings: ApiSettings) -> ReadPlaneApp:
    """Return the whole ASGI application.

    FastAPI is imported only after the first answers; a private registry, which asks its database
    who may read, begins with it.
    """
    if settings.visibility == "private":
        return _private(settings)

    def rest() -> ASGIApp:
        from skreg.api.app import create_app
        from skreg.bootstrap import open_api

        return create_app(open_api(settings))

    return ReadPlaneApp(open_blob_store(settings.storage_url), rest)


def _private(settings: ApiSettings) -> ReadPlaneApp:
    from skreg.api.app import create_app
    from skreg.api.private_reads import Elsewhere, PrivateReads
    from skreg.bootstrap import open_api

    container = open_api(settings)
    return ReadPlaneApp(
        container.storage,
        lambda: create_app(container),
        authorize=PrivateReads(container),
        elsewhere=Elsewhere(container),
    )


def serve(settings: ApiSettings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        ConfigurationInvalid: the address cannot be bound.
    """
    require_free(settings.listen_host, settings.listen_port)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop where it is installed: a third more small answers a second."""
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


async def _serve(settings: ApiSettings) -> None:
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server.embed import Server

    server = Server(
        build(settings),
        address=settings.listen_host,
        port=settings.listen_port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_level=LogLevels.error,
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    with contextlib.suppress(asyncio.CancelledError):
        await server.serve()
