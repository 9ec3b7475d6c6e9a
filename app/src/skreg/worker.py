"""The worker process: takes jobs, sweeps up after killed ones, renews what grows old."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal

import procrastinate
import structlog
from procrastinate import RetryStrategy

from skillpkg.crypto import names
from skreg import moderation_jobs, queue, ready_file
from skreg.beside import beside
from skreg.bootstrap import WorkerContainer
from skreg.db.pool import writing
from skreg.db.queries import pki, work
from skreg.errors import DatabaseUnavailable, KeyMismatch, SkregError
from skreg.health_report import each_minute
from skreg.pki.successors import key_ids
from skreg.publish import trouble
from skreg.publish.known_keys import require_known
from skreg.publish.pipeline import Pipeline
from skreg.publish.pipeline_retire import retire_replaced
from skreg.publish.pipeline_withdraw import withdraw_waiting
from skreg.publish.popularity import reckon

STALLED_SECONDS = 60.0
"""A worker silent for this long is dead, and its jobs are swept up."""
_KEEP_HOURS = 24
_HOOK_TURNS = 4
_READY_AGAIN_SECONDS = 10.0
_log = structlog.get_logger(__name__)


async def run_worker(container: WorkerContainer, *, wait: bool = True) -> None:
    """Work until SIGINT or SIGTERM; with ``wait`` False until nothing is left to do.

    Every port is in the container, so a test can put another one in its place.
    """
    pipeline = Pipeline(container)
    register(container, pipeline)
    moderation_jobs.register(container, pipeline)
    app = container.queue
    ready_file.withdraw(container.settings.ready_file)
    async with app.open_async():
        settled = await _first(container, pipeline)
        becoming_ready = _until_settled(container, pipeline, settled)
        async with beside(each_minute(container)), beside(becoming_ready):
            await _take_jobs(app, container.settings.worker_concurrency, wait=wait)


async def _take_jobs(app: procrastinate.App, concurrency: int, *, wait: bool) -> None:
    """Take jobs of both queues; each has its own turns, so neither keeps the other waiting."""

    async def take(queues: list[str], turns: int) -> None:
        await app.run_worker_async(
            queues=queues,
            concurrency=turns,
            wait=wait,
            install_signal_handlers=False,
            fetch_job_polling_interval=2.0,
            stalled_worker_timeout=STALLED_SECONDS,
            delete_jobs="successful",
        )

    publishing = ([queue.QUEUE, "builtin"], concurrency)
    if not wait:
        await take(*publishing)
        await take([queue.HOOKS], _HOOK_TURNS)
        return
    async with beside(take([queue.HOOKS], _HOOK_TURNS)):
        await take(*publishing)


async def serve(container: WorkerContainer) -> None:
    """Run the worker until a signal; a job under way is finished first, for ten seconds.

    Raises:
        DatabaseUnavailable: the queue's connection ended. Rows say what is left to do, so whoever
            supervises the process starts it again.
    """
    task = asyncio.create_task(run_worker(container))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await task
            raise DatabaseUnavailable(
                "The worker lost its connection to the database.",
                fix="Nothing is lost; start it again when the database answers.",
            )
    finally:
        await container.close()


def register(container: WorkerContainer, pipeline: Pipeline) -> None:
    """Tell the queue which function does which job, and what runs by the clock."""
    app = container.queue

    @app.task(
        name=queue.ADVANCE,
        queue=queue.QUEUE,
        retry=RetryStrategy(max_attempts=6, exponential_wait=2),
    )
    async def advance(version_id: int) -> None:
        await guarded(container, pipeline, version_id)

    @app.task(
        name=queue.SETTLE,
        queue=queue.QUEUE,
        retry=RetryStrategy(max_attempts=6, exponential_wait=2),
    )
    async def settle() -> None:
        await pipeline.settle()

    @app.task(name=queue.WITHDRAW, queue=queue.QUEUE)
    async def withdraw() -> None:
        await withdraw_waiting(container)

    @app.periodic(cron="* * * * *", periodic_id="sweep")
    @app.task(name="skreg.sweep", queue=queue.QUEUE, queueing_lock="sweep")
    async def sweep_up(timestamp: int) -> None:
        await sweep(container)
        await withdraw_waiting(container)

    @app.periodic(cron="*/10 * * * *", periodic_id="renew")
    @app.task(name="skreg.renew", queue=queue.QUEUE, queueing_lock="renew")
    async def renew(timestamp: int) -> None:
        await pipeline.settle()

    @app.periodic(cron="7 * * * *", periodic_id="popularity")
    @app.task(name="skreg.popularity", queue=queue.QUEUE, queueing_lock="popularity")
    async def popularity(timestamp: int) -> None:
        await reckon(container)

    @app.periodic(cron="17 * * * *", periodic_id="retire")
    @app.task(name="skreg.retire", queue=queue.QUEUE, queueing_lock="retire")
    async def retire(timestamp: int) -> None:
        await retire_replaced(container)
        await app.job_manager.delete_old_jobs(
            nb_hours=_KEEP_HOURS, include_failed=True, include_cancelled=True
        )


async def guarded(container: WorkerContainer, pipeline: Pipeline, version_id: int) -> None:
    """Advance a version; a failure is counted in its row and raised for the queue's retry."""
    try:
        await pipeline.advance(version_id)
    except Exception as error:
        _log.warning("version-failed", version=version_id, error=repr(error))
        with contextlib.suppress(SkregError):
            async with writing(container.pool) as connection:
                await work.note_failure(connection, version_id, repr(error))
        raise


async def sweep(container: WorkerContainer, *, starting: bool = False) -> int:
    """Enqueue unfinished versions that no job speaks of; returns how many.

    Args:
        starting: also versions whose job reads as running, because a killed worker cannot say
            that it is gone. If one does run, the version's lock makes the second do nothing.
    """
    await _end_stalled(container.queue)
    async with writing(container.pool) as connection:
        found = await work.without_job(connection, queue.ADVANCE, all_=starting)
        for version_id in found:
            await queue.defer_advance(container.queue, connection, version_id)
    if found:
        _log.info("swept", versions=len(found))
    return len(found)


async def _end_stalled(app: procrastinate.App) -> None:
    """Mark the jobs of workers that fell silent as failed: the rows say what is left to do."""
    stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS)
    for job in stalled:
        if job.id is not None:
            await app.job_manager.finish_job_by_id_async(
                job.id, procrastinate.jobs.Status.FAILED, delete_job=True
            )


async def _first(container: WorkerContainer, pipeline: Pipeline) -> bool:
    """On start: PKI, timestamp and whatever a predecessor left, before the first job.

    Returns whether the worker is ready: it has reached its keys and its stores.
    """
    await _require_known_keys(container)
    await _note_keys(container)
    settled = await _settle(container, pipeline)
    await sweep(container, starting=True)
    return settled


async def _until_settled(container: WorkerContainer, pipeline: Pipeline, settled: bool) -> None:
    """Become ready later: the queue's own settling may run in another worker."""
    while not settled:
        await asyncio.sleep(_READY_AGAIN_SECONDS)
        settled = await _settle(container, pipeline)


async def _settle(container: WorkerContainer, pipeline: Pipeline) -> bool:
    try:
        await pipeline.settle()
    except SkregError as error:
        _log.warning("settle-failed", error=str(error))
        return False
    ready_file.announce(container.settings.ready_file)
    return True


async def _require_known_keys(container: WorkerContainer) -> None:
    """End at once when a backend gives another key than before, and tell it where people look."""
    try:
        await require_known(container.pool, container.keys)
    except KeyMismatch as error:
        async with container.pool.connect() as connection:
            await trouble.note(connection, error, container.clock())
        raise


async def _note_keys(container: WorkerContainer) -> None:
    """Keep which keys this worker was given, for ``skreg pki status`` to go by."""
    settings = container.settings
    held = {
        "root_mode": settings.root_mode,
        "environment": settings.environment,
        "root_at_hand": container.keys.root is not None,
        "keys": key_ids(container.keys),
        "witnessed": _public_hex(container),
        "held": sorted(names.ca_id(signer.spki()) for signer in container.keys.every),
    }
    told = json.dumps(held).encode()
    async with writing(container.pool) as connection:
        if await pki.read(connection, pki.WORKER) != told:
            await pki.save(connection, pki.WORKER, told)


def _public_hex(container: WorkerContainer) -> str:
    key = container.keys.witnessed
    return "" if key is None else key.public_key().public_bytes_raw().hex()
