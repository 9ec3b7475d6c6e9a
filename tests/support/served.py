"""An API container of this process behind a real server on a loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from granian.constants import Interfaces
from granian.server.embed import Server

from skreg.api.app import create_app
from skreg.api.private_reads import Elsewhere, PrivateReads
from skreg.api.readplane import ReadPlaneApp
from skreg.bootstrap import ApiContainer
from support.registry_process import free_port
from support.unsigning import Unsigning


@contextmanager
def served(container: ApiContainer) -> Iterator[str]:
    """Serve a container, read plane included, until the block ends; yields the address."""
    port = free_port()
    is_private = container.settings.visibility == "private"
    app = ReadPlaneApp(
        container.storage,
        lambda: create_app(container),
        authorize=PrivateReads(container) if is_private else None,
        elsewhere=Elsewhere(container) if is_private else None,
    )
    server = Server(Unsigning(app), port=port, interface=Interfaces.ASGI, log_enabled=False)

    async def serve() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await server.serve()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{port}"
    _wait(url)
    try:
        yield url
    finally:
        server.stop()
        thread.join(20)


def _wait(url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}")
