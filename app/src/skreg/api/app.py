"""Builds the FastAPI application: everything but the read plane, which stands before it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import structlog
from fastapi import FastAPI

from skreg.api import documented, problems, reference_page
from skreg.api.entrance import Entrance
from skreg.api.idempotency import Idempotency
from skreg.api.middleware import Envelope
from skreg.api.routes import (
    advisories,
    audit,
    auth,
    badges,
    certificates,
    changes,
    device,
    downloads,
    feeds,
    health,
    invitations,
    limits,
    moderation,
    namespaces,
    oidc,
    packages,
    publishing,
    readers,
    releases,
    search,
    staff,
    takedowns,
    tokens,
    transfers,
    trusted,
    webhooks,
)
from skreg.bootstrap import ApiContainer
from skreg.settings import ApiSettings

_log = structlog.get_logger(__name__)
_DESCRIPTION = """
A registry for agent skills. Every package is vetted, signed by keys in hardware and written to a
public log. Installs need none of these routes: they read signed static objects under `/index`,
`/packages`, `/log`, `/crl` and `/trust`.

Every error is RFC 9457 problem+json with a `request_id`. A POST or PUT with an `Idempotency-Key`
header is done once: sent again within a day it gets the same answer.
"""


def _say_what_lies_open(settings: ApiSettings) -> None:
    """Warn of a production registry whose database is enough to make sessions."""
    if settings.environment == "prod" and settings.session_sealing_key is None:
        _log.warning("session-keys-not-sealed", fix="set SESSION_SEALING_KEY, and restart")


def create_app(container: ApiContainer) -> FastAPI:
    """Return the application over a container; its lifespan closes the container."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _say_what_lies_open(container.settings)
        counting = asyncio.create_task(container.downloads.run())
        yield
        counting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await counting
        await container.close()

    app = FastAPI(
        title="skreg",
        version=version("skreg"),
        summary="A registry for agent skills",
        description=_DESCRIPTION,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.container = container
    problems.install(app)
    reference_page.install(app)
    app.add_middleware(Idempotency, container=container)
    app.add_middleware(Entrance, container=container)
    app.add_middleware(Envelope)
    for module in (
        publishing,  # the first is found the soonest
        health,
        auth,
        device,
        oidc,
        tokens,
        namespaces,
        invitations,
        staff,
        search,
        changes,
        feeds,
        badges,
        trusted,
        releases,
        transfers,
        takedowns,
        downloads,
        limits,
        readers,
        moderation,
        advisories,
        certificates,
        webhooks,
        audit,
        packages,
    ):
        app.include_router(module.router)
    documented.install(app)
    return app
