"""The job queue: procrastinate on the catalogue's own database.

A job is a hint, never the truth: what is to be done is read from the rows, so a job that is lost
or runs twice does no harm. The API defers jobs inside the transaction that makes them needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import procrastinate
from procrastinate import PsycopgConnector

from skreg.db.access import DatabaseAccess, access_to

if TYPE_CHECKING:
    from skreg.db.pool import Connection

ADVANCE = "skreg.advance"
"""Bring one version as far as it goes: argument ``version_id``."""
SETTLE = "skreg.settle"
"""Sequence what waits for the log and refresh the read plane."""
WITHDRAW = "skreg.withdraw"
"""Remove the archives of withdrawn versions from store and CDN."""
CERTIFY = "skreg.certify"
"""Issue and revoke what publishers asked for."""
DELIVER = "skreg.deliver"
"""Send one event to one webhook: argument ``delivery_id``."""
QUEUE = "publication"
HOOKS = "hooks"
"""Webhooks alone: a receiver that hangs keeps no publication waiting."""
ADVANCE_MADE = f"""
    procrastinate_defer_jobs_v1(ARRAY[ROW('{QUEUE}', '{ADVANCE}', 0, NULL, NULL,
        jsonb_build_object('version_id', made.id), NULL)::procrastinate_job_to_defer_v1])"""
"""``defer_advance`` as an expression, for the statement that makes the version's row ``made``.

The call is procrastinate's own, of the function that its schema has in our migrations.
"""


def open_queue(database: DatabaseAccess | str, *, pool_size: int = 4) -> procrastinate.App:
    """Return a procrastinate app; it connects only when it is opened (by the worker).

    Its pool asks for the password before each connection, as ``skreg.db.pool`` does.
    """
    access = access_to(database)
    connector = PsycopgConnector(
        conninfo=access.url, min_size=1, max_size=pool_size, kwargs=access.credentials_later()
    )
    return procrastinate.App(connector=connector)


async def defer_advance(queue: procrastinate.App, connection: Connection, version_id: int) -> None:
    """Enqueue work on a version, as part of the connection's transaction."""
    await _defer(queue, connection, ADVANCE, {"version_id": version_id})


async def defer_settle(queue: procrastinate.App, connection: Connection) -> None:
    """Enqueue a run of the sequencer, as part of the connection's transaction."""
    await _defer(queue, connection, SETTLE, {})


async def defer_withdraw(queue: procrastinate.App, connection: Connection) -> None:
    """Enqueue the removal of what is withdrawn, as part of the connection's transaction."""
    await _defer(queue, connection, WITHDRAW, {})


async def defer_certify(queue: procrastinate.App, connection: Connection) -> None:
    """Enqueue issuing and revoking, as part of the connection's transaction."""
    await _defer(queue, connection, CERTIFY, {})


async def defer_deliver(queue: procrastinate.App, connection: Connection, delivery_id: int) -> None:
    """Enqueue a delivery, as part of the connection's transaction."""
    await _defer(queue, connection, DELIVER, {"delivery_id": delivery_id}, HOOKS)


async def _defer(
    queue: procrastinate.App,
    connection: Connection,
    task: str,
    values: dict[str, int],
    name: str = QUEUE,
) -> None:
    deferrer = queue.configure_task(task, queue=name, connection=connection)
    await deferrer.defer_async(**values)
