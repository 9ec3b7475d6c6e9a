"""Who sends a delivery, and what it holds meanwhile: no connection, no transaction, for a time."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice

import pytest

from skreg.api.services.sealing import Sealing
from skreg.bootstrap import WorkerContainer
from skreg.db.pool import open_pool
from skreg.moderation_jobs import sweep
from skreg.ports.hooks import HookAnswer, Hooks
from skreg.publish.webhooks import ATTEMPTS, LEASE, deliver
from skreg.publish.webhooks_off import KILLED
from skreg.worker import run_worker
from skreg.worker import sweep as worker_sweep
from support.killing import ended_by_itself
from support.receiving import KEY, Receiver, hooked, publish, sealing, work
from support.registry import Registry

OPEN = """
    SELECT pid, state, query FROM pg_stat_activity
    WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"""


@dataclass
class Hanging:
    """A receiver that has a request, and answers it when it is let."""

    got: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> HookAnswer:
        self.got += 1
        self.asked.set()
        await self.let.wait()
        return HookAnswer(200)


class Deadly:
    """Ends the process while a request is under way, after the receiver has it."""

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> HookAnswer:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("not reached")


def worker(registry: Registry, hooks: Hooks) -> WorkerContainer:
    """A worker that keeps one connection, and may have two in need."""
    pool = open_pool(registry.database_url, 1)
    return registry.worker(hooks=hooks, sealing=Sealing(KEY), pool=pool)


@pytest.fixture
async def delivery(registry: Registry) -> int:
    """A delivery that waits."""
    container = registry.api()
    acme, _ = await hooked(sealing(container), ["version.yanked"])
    await publish(acme)
    await registry.work()
    assert (await acme.post("/v1/packages/acme/demo/1.0.0/yank", {})).status == 200
    await container.close()
    return int(registry.sql("SELECT id FROM webhook_deliveries")[0][0])


def states(registry: Registry) -> list[tuple[str, int, bool]]:
    return registry.sql(  # type: ignore[return-value]
        "SELECT state, attempts, claimed_until IS NULL FROM webhook_deliveries"
    )


async def test_a_receiver_that_hangs_holds_nothing(registry: Registry, delivery: int) -> None:
    receiver = Hanging()
    container = worker(registry, receiver)
    sending = asyncio.create_task(deliver(container, delivery))
    await asyncio.wait_for(receiver.asked.wait(), 10)
    assert registry.sql(OPEN) == []
    async with AsyncExitStack() as lent:
        for _ in range(2):  # all that this pool ever lends
            connection = await lent.enter_async_context(container.pool.lend())
            sql = "SELECT id FROM webhook_deliveries FOR UPDATE NOWAIT"
            assert await (await connection.execute(sql)).fetchall() == [(delivery,)]
    assert not sending.done()
    receiver.let.set()
    await sending
    await container.close()
    assert states(registry) == [("delivered", 1, True)]


async def test_of_many_workers_one_sends(registry: Registry, delivery: int) -> None:
    receiver = Hanging()
    containers = [worker(registry, receiver) for _ in range(6)]
    sending = [asyncio.create_task(deliver(item, delivery)) for item in containers]
    for ended in islice(asyncio.as_completed(sending, timeout=10), 5):
        await ended
    assert receiver.got == 1
    await deliver(containers[0], delivery)
    await sweep(containers[0])
    receiver.let.set()
    await asyncio.gather(*sending)
    await deliver(containers[0], delivery)
    for item in containers:
        await item.close()
    assert receiver.got == 1
    assert states(registry) == [("delivered", 1, True)]


def test_what_a_killed_worker_was_sending_is_sent_again(registry: Registry, delivery: int) -> None:
    def die() -> None:
        asyncio.run(run_worker(worker(registry, Deadly()), wait=False))

    assert not ended_by_itself(die), "it was killed"
    assert states(registry) == [("waiting", 1, False)]
    receiver = Receiver()
    registry.sql("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
    registry.sql("UPDATE webhook_deliveries SET created_at = now() - interval '2 minutes'")
    asyncio.run(_sweep(registry))
    asyncio.run(work(registry, receiver))
    assert receiver.types == [], "until the claim is over it may be under way"
    late = "UPDATE webhook_deliveries SET claimed_until = claimed_until - %s"
    registry.sql(late, LEASE)
    asyncio.run(_sweep(registry))
    asyncio.run(work(registry, receiver))
    assert receiver.types == ["version.yanked"]
    assert states(registry) == [("delivered", 2, True)]


async def test_what_ended_its_worker_each_time_is_a_dead_letter(
    registry: Registry, delivery: int
) -> None:
    registry.sql("UPDATE webhook_deliveries SET attempts = %s", ATTEMPTS)
    receiver = Receiver()
    container = worker(registry, receiver)
    await deliver(container, delivery)
    await container.close()
    assert receiver.got == []
    assert registry.sql("SELECT state, last_error FROM webhook_deliveries") == [("dead", KILLED)]


async def _sweep(registry: Registry) -> None:
    """What the worker does each minute."""
    container = registry.worker()
    async with container.queue.open_async():
        await worker_sweep(container)
        await sweep(container)
    await container.close()


async def test_who_comes_back_after_its_claim_notes_nothing(
    registry: Registry, delivery: int
) -> None:
    slow, quick = Hanging(), Receiver()
    first = worker(registry, slow)
    second = worker(registry, quick)
    sending = asyncio.create_task(deliver(first, delivery))
    await asyncio.wait_for(slow.asked.wait(), 10)
    registry.sql("UPDATE webhook_deliveries SET claimed_until = now() - interval '1 second'")
    quick.answers = [410]
    await deliver(second, delivery)
    slow.let.set()
    await sending
    for item in (first, second):
        await item.close()
    assert states(registry) == [("dead", 2, True)], "the outcome is the later one's"
