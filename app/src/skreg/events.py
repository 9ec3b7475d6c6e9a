"""Telling of an event: a delivery for each webhook that asked for it, and a job for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skreg.db.queries import webhooks
from skreg.domain.events import Event
from skreg.queue import defer_deliver

if TYPE_CHECKING:
    import procrastinate

    from skreg.db.pool import Connection


async def emit(queue: procrastinate.App, connection: Connection, event: Event) -> None:
    """Tell of an event as part of the transaction in which it happens."""
    for delivery in await webhooks.address(connection, event):
        await defer_deliver(queue, connection, delivery)
