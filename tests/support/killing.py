"""Kills its own process at the n-th call of a port: a blob, a signature, a commit."""

from __future__ import annotations

import asyncio
import dataclasses
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

import psycopg

from skreg.api.app import create_app
from skreg.bootstrap import WorkerContainer
from skreg.pki.keys import PkiKeys
from skreg.worker import run_worker
from support.asgi import AsgiClient
from support.registry import Registry

WATCHED = frozenset({"put", "put_if_absent", "put_stream", "get", "delete", "sign"})


class Countdown:
    """Ends the process without warning when it reaches zero."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def tick(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Ticking:
    """Stands before a port: every watched call counts, before it is made."""

    def __init__(self, port: Any, countdown: Countdown) -> None:
        self._port = port
        self._countdown = countdown

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in WATCHED:
            return found

        def counted(*args: Any, **values: Any) -> Any:
            self._countdown.tick()
            return found(*args, **values)

        return counted


def doomed(container: WorkerContainer, calls: int) -> WorkerContainer:
    """Return the container whose ports and commits share one countdown."""
    countdown = Countdown(calls)
    keys = container.keys
    ticking = {
        field.name: Ticking(getattr(keys, field.name), countdown)
        for field in dataclasses.fields(PkiKeys)
        if field.name != "former" and getattr(keys, field.name) is not None
    }
    _count_commits(countdown)
    return dataclasses.replace(
        container,
        storage=Ticking(container.storage, countdown),
        staging=Ticking(container.staging, countdown),
        keys=PkiKeys(**ticking),
    )


def _count_commits(countdown: Countdown) -> None:
    """Count before each commit and after it: what was committed may never be heard of."""
    commit, leave = psycopg.AsyncConnection.commit, psycopg.AsyncTransaction.__aexit__

    async def committed(self: psycopg.AsyncConnection[Any]) -> None:
        countdown.tick()
        await commit(self)
        countdown.tick()

    async def left(self: psycopg.AsyncTransaction, *raised: Any) -> bool:
        countdown.tick()
        answer = await leave(self, *raised)
        countdown.tick()
        return answer

    psycopg.AsyncConnection.commit = committed  # type: ignore[method-assign]
    psycopg.AsyncTransaction.__aexit__ = left  # type: ignore[method-assign]


def run_doomed_worker(registry: Registry, calls: int) -> bool:
    """Run a worker in a process that dies at the given call; True when it did die."""
    return not ended_by_itself(lambda: _work(registry, calls))


def run_doomed_upload(registry: Registry, token: str, path: str, data: bytes, calls: int) -> bool:
    """Upload through an API process that dies at the given call; True when it did die."""

    async def upload() -> None:
        container = registry.api()
        countdown = Countdown(calls)
        _count_commits(countdown)
        staging = Ticking(container.staging, countdown)
        doomed_api = dataclasses.replace(container, staging=staging)
        await AsgiClient(create_app(doomed_api), token).upload(path, data)

    return not ended_by_itself(lambda: asyncio.run(upload()))


def _work(registry: Registry, calls: int) -> None:
    container = doomed(registry.worker(), calls)
    asyncio.run(run_worker(container, wait=False))


def ended_by_itself(work: Callable[[], None]) -> bool:
    """Run ``work`` in a forked process; False when SIGKILL ended it."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    if process.exitcode not in (0, -signal.SIGKILL):
        raise AssertionError(f"the process ended with {process.exitcode}")
    return process.exitcode == 0
