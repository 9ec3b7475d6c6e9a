"""A private registry: its whole ASGI application, read plane included."""

from __future__ import annotations

from dataclasses import replace

from skreg.api.app import create_app
from skreg.api.private_reads import Elsewhere, PrivateReads
from skreg.api.readplane import ReadPlaneApp
from skreg.bootstrap import ApiContainer
from support.asgi import AsgiClient


def private_client(container: ApiContainer) -> AsgiClient:
    """Return a client of the container's registry made private, as ``server.build`` wires it."""
    settings = container.settings.model_copy(update={"visibility": "private"})
    closed = replace(container, settings=settings)
    return AsgiClient(
        ReadPlaneApp(
            closed.storage,
            lambda: create_app(closed),
            authorize=PrivateReads(closed),
            elsewhere=Elsewhere(closed),
        )
    )
