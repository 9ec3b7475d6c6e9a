"""What a running worker tells a stack: one line of numbers a minute, and that it is ready."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from skreg import health_report, worker
from skreg.beside import beside
from skreg.bootstrap import WorkerContainer, utc_now
from skreg.db import migrate
from skreg.errors import DatabaseUnavailable, SigningUnavailable
from skreg.publish.pipeline import Pipeline
from support.asgi import AsgiClient
from support.registry import Registry
from support.skills import make_skill

FIELDS = {"certificate_days_left", "crl_hours_left", "queue_age_seconds", "timestamp_hours_left"}


async def numbers(container: WorkerContainer) -> dict[str, float]:
    try:
        return await health_report.numbers(container)
    finally:
        await container.close()


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def test_a_fresh_registry_is_in_good_health(registry: Registry) -> None:
    found = await numbers(registry.worker())
    assert set(found) == FIELDS
    assert 89 < found["certificate_days_left"] <= 90
    assert 167 < found["crl_hours_left"] <= 168
    assert 71 < found["timestamp_hours_left"] <= 72
    assert found["queue_age_seconds"] == 0


async def test_numbers_fall_as_time_passes(registry: Registry) -> None:
    found = await numbers(registry.worker(lambda: utc_now() + timedelta(days=4)))
    assert found["timestamp_hours_left"] < 0
    assert 71 < found["crl_hours_left"] < 73
    assert found["certificate_days_left"] < 87


async def test_what_waits_makes_the_queue_old(acme: AsgiClient, registry: Registry) -> None:
    await acme.upload("/v1/packages/acme/demo/publish", make_skill("acme", "demo"))
    registry.sql("UPDATE vetting_jobs SET created_at = now() - interval '20 minutes'")
    assert 1190 < (await numbers(registry.worker()))["queue_age_seconds"] < 1300
    await registry.work()
    assert (await numbers(registry.worker()))["queue_age_seconds"] == 0


async def test_before_the_ceremony_there_is_only_a_queue(blank: Registry) -> None:
    assert await numbers(blank.worker()) == {"queue_age_seconds": 0.0}


async def test_the_line_is_what_alarms_look_for(registry: Registry) -> None:
    container = registry.worker()
    with capture_logs() as logs:
        async with beside(health_report.each_minute(container)):
            await until(lambda: bool(logs))
    await container.close()
    assert logs[0]["event"] == "health"
    assert set(logs[0]) == {*FIELDS, "event", "log_level"}


async def test_without_a_database_the_line_says_so(tmp_path: Path) -> None:
    container = worker_without_database(tmp_path)
    with capture_logs() as logs:
        async with beside(health_report.each_minute(container)):
            await until(lambda: bool(logs))
    await container.close()
    assert [line["event"] for line in logs] == ["health-unknown"]


def worker_without_database(folder: Path) -> WorkerContainer:
    return Registry("postgresql:///none?host=/nowhere", folder).worker()


async def test_ready_is_said_after_the_first_settling(registry: Registry, tmp_path: Path) -> None:
    file = tmp_path / "ready"
    file.write_text("of a predecessor")
    container = registry.worker()
    settings = container.settings.model_copy(update={"ready_file": str(file)})
    await worker.run_worker(dataclasses.replace(container, settings=settings), wait=False)
    await container.close()
    assert file.read_text().strip().isdigit()


async def test_a_worker_without_its_keys_is_not_ready(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ready"
    file.write_text("of a predecessor")
    container = registry.worker()
    settings = container.settings.model_copy(update={"ready_file": str(file)})
    container = dataclasses.replace(container, settings=settings)
    keys, tried = [True], 0

    async def settle(_pipeline: Pipeline) -> None:
        nonlocal tried
        tried += 1
        if keys:
            raise SigningUnavailable("The KMS is away.")

    monkeypatch.setattr(Pipeline, "settle", settle)
    monkeypatch.setattr(worker, "_READY_AGAIN_SECONDS", 0.01)
    running = asyncio.create_task(worker.run_worker(container))
    await until(lambda: tried >= 3)
    assert not file.exists()
    keys.clear()
    await until(file.exists)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await container.close()


def test_a_database_that_does_not_come_is_named() -> None:
    with capture_logs() as logs, pytest.raises(DatabaseUnavailable):
        migrate.migrate_when_there("postgresql:///none?host=/nowhere", 0.5)
    assert logs[0]["event"] == "database-awaited"
