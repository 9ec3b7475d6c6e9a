"""The worker's jobs for webhooks, publishers' certificates and what is kept for a time only."""

from __future__ import annotations

from procrastinate import RetryStrategy

from skreg import queue
from skreg.bootstrap import WorkerContainer
from skreg.db.pool import writing
from skreg.db.queries import housekeeping, idempotency, webhooks
from skreg.publish.certify import fulfil_wishes
from skreg.publish.pipeline import Pipeline
from skreg.publish.webhooks import ATTEMPTS, PAUSE_BASE, NotDelivered, deliver


def register(container: WorkerContainer, pipeline: Pipeline) -> None:
    """Tell the queue of these jobs."""
    app = container.queue

    @app.task(
        name=queue.CERTIFY,
        queue=queue.QUEUE,
        retry=RetryStrategy(max_attempts=6, exponential_wait=2),
    )
    async def certify() -> None:
        await fulfil(container, pipeline)

    @app.task(
        name=queue.DELIVER,
        queue=queue.HOOKS,
        retry=RetryStrategy(
            max_attempts=ATTEMPTS, exponential_wait=PAUSE_BASE, retry_exceptions=[NotDelivered]
        ),
    )
    async def deliver_hook(delivery_id: int) -> None:
        await deliver(container, delivery_id)

    @app.periodic(cron="* * * * *", periodic_id="sweep-moderation")
    @app.task(name="skreg.sweep-moderation", queue=queue.QUEUE, queueing_lock="sweep-moderation")
    async def sweep_up(timestamp: int) -> None:
        await sweep(container)
        await fulfil(container, pipeline)

    @app.periodic(cron="27 * * * *", periodic_id="forget")
    @app.task(name="skreg.forget", queue=queue.QUEUE, queueing_lock="forget")
    async def forget_old(timestamp: int) -> None:
        await forget(container)


async def fulfil(container: WorkerContainer, pipeline: Pipeline) -> None:
    """Issue and revoke what is asked for, and show it in log and lists at once."""
    if await fulfil_wishes(container):
        await pipeline.settle()


async def sweep(container: WorkerContainer) -> None:
    """Enqueue deliveries whose job was lost."""
    async with writing(container.pool) as connection:
        for delivery_id in await webhooks.without_job(connection, queue.DELIVER):
            await queue.defer_deliver(container.queue, connection, delivery_id)


async def forget(container: WorkerContainer) -> None:
    """Remove idempotency keys of a day ago, deliveries of months ago, and what ended long ago."""
    async with writing(container.pool) as connection:
        await idempotency.forget_old(connection)
        await webhooks.forget_old(connection)
        await housekeeping.forget_ended(connection)
