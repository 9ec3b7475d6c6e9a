"""The counters that many processes share, against a real server when there is one."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skreg.adapters.counters import MemoryCounters, SharedCounters, ValkeyCounters, open_counters
from support.registry_process import free_port

SERVERS = ("valkey-server", "redis-server")


@dataclass
class Server:
    """A running Valkey or Redis."""

    process: subprocess.Popen[bytes]
    url: str


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Server]:
    program = next((path for name in SERVERS if (path := shutil.which(name))), None)
    if program is None:
        pytest.skip("neither valkey-server nor redis-server is on PATH (apt: redis-server)")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, env={**os.environ})
    try:
        yield Server(process, f"valkey://127.0.0.1:{port}/0")
    finally:
        process.kill()
        process.wait()


async def answering(url: str) -> ValkeyCounters:
    """Wait until the server counts."""
    counters = ValkeyCounters(url)
    for _ in range(100):
        try:
            await counters.add("ready", 0, 1)
        except Exception:  # noqa: BLE001 (whatever it raises while it starts)
            await asyncio.sleep(0.05)
        else:
            return counters
    raise AssertionError("the server does not answer")


async def test_processes_share_one_count(valkey: Server) -> None:
    first = await answering(valkey.url)
    second = ValkeyCounters(valkey.url.replace("valkey://", "redis://"))
    assert [await first.add("a", 7, 60), await second.add("a", 7, 60)] == [1, 2]
    assert await second.add("a", 8, 60) == 1, "another minute"
    assert await second.add("b", 7, 60) == 1, "another key"
    counts = await asyncio.gather(*(one.add("c", 7, 60) for one in (first, second) * 50))
    assert sorted(counts) == list(range(1, 101)), "no count is given twice"
    await first.close()
    await second.close()


async def test_counts_are_forgotten(valkey: Server) -> None:
    counters = await answering(valkey.url)
    await counters.add("a", 7, 1)
    await asyncio.sleep(2.2)
    assert await counters.add("a", 7, 1) == 1
    await counters.close()


async def test_a_killed_server_stops_nobody(valkey: Server) -> None:
    await (await answering(valkey.url)).close()
    counters = open_counters(valkey.url)
    assert await counters.add("a", 7, 60) == 1
    valkey.process.kill()
    valkey.process.wait()
    assert [await counters.add("a", 7, 60) for _ in range(3)] == [1, 2, 3]
    await counters.close()


async def test_a_server_that_hangs_costs_a_quarter_second_once(valkey: Server) -> None:
    await (await answering(valkey.url)).close()
    counters = SharedCounters(ValkeyCounters(valkey.url), MemoryCounters())
    assert await counters.add("a", 7, 60) == 1
    valkey.process.send_signal(19)  # SIGSTOP
    try:
        begun = time.monotonic()
        for _ in range(20):
            await counters.add("a", 7, 60)
        assert time.monotonic() - begun < 2
    finally:
        valkey.process.send_signal(18)  # SIGCONT
    await counters.close()


async def test_nobody_at_the_address(tmp_path: Path) -> None:
    counters = open_counters(f"unix://{tmp_path}/none.sock")
    assert await counters.add("a", 7, 60) == 1
    await counters.close()


def test_without_an_address_memory_counts() -> None:
    assert isinstance(open_counters(None), MemoryCounters)
