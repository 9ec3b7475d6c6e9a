"""What only the file store has to show: processes that are killed, and disks that refuse."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skreg.adapters.blobs.file import ABANDONED_AFTER, FileBlobStore, open_store
from skreg.adapters.blobs.keys import RESERVED
from skreg.errors import BlobMissing, StorageUnavailable

_WRITER = """
import asyncio, sys
from skreg.adapters.blobs.file import open_store
async def write(uri, name):
    store = open_store(uri)
    print("ready", flush=True)
    for number in range(100_000):
        body = b"%d " % number + name.encode() * 50_000
        won = await store.put_if_absent(f"versions/{number}", body)
        await store.put("latest", body)
        if won:
            print(number, flush=True)
asyncio.run(write(*sys.argv[1:]))
"""


@pytest.fixture
def store(tmp_path: Path) -> FileBlobStore:
    return open_store((tmp_path / "store").as_uri())


def writer(store: FileBlobStore, name: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER, store.uri, name], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


async def test_killed_writers_leave_whole_objects_and_lose_none(store: FileBlobStore) -> None:
    processes = [writer(store, name) for name in "ab"]
    await asyncio.sleep(0.7)
    wins: list[list[str]] = []
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
        assert process.stdout
        wins.append(process.communicate()[0].split())
    assert not set(wins[0]) & set(wins[1]), "two processes both wrote one key"
    keys = [info.key async for info in store.list("")]
    assert len(keys) > 2
    for key in keys:
        number, _, body = (await store.get(key)).partition(b" ")
        assert body in (b"a" * 50_000, b"b" * 50_000), key
        assert key == "latest" or key == f"versions/{number.decode()}"
    for number in (*wins[0], *wins[1]):
        assert f"versions/{number}" in keys


async def test_what_killed_processes_left_is_swept_and_never_listed(store: FileBlobStore) -> None:
    writing = store.root / RESERVED
    old, fresh = writing / "old", writing / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    long_ago = time.time() - ABANDONED_AFTER - 60
    os.utime(old, (long_ago, long_ago))
    assert [info.key async for info in store.list("")] == []
    open_store(store.uri)
    assert [path.name for path in writing.iterdir()] == ["fresh"]


async def test_nothing_is_left_over_by_any_write(store: FileBlobStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"half"
        raise ValueError("stop")

    await store.put("a", b"1")
    await store.put_if_absent("a", b"2")
    with pytest.raises(ValueError, match="stop"):
        await store.put_stream("b", broken())
    assert list((store.root / RESERVED).iterdir()) == []


async def test_of_two_that_link_at_once_the_second_is_told(
    store: FileBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert await store.put_if_absent("a", b"1") is True
    assert await store.put_if_absent("a", b"2") is False


async def test_a_disk_that_refuses_is_unavailable(store: FileBlobStore) -> None:
    (store.root / "taken").write_bytes(b"")
    with pytest.raises(StorageUnavailable, match="taken"):
        await store.put("taken/a", b"x")
    with pytest.raises(StorageUnavailable):
        open_store((store.root / "taken" / "store").as_uri())


async def test_an_object_that_goes_while_listing_is_left_out(
    store: FileBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.put("a", b"1")
    (store.root / "gone").symlink_to(store.root / "nowhere")
    assert [info.key async for info in store.list("")] == ["a"]


async def test_a_folder_that_may_only_be_read_is_read(
    store: FileBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.put("a", b"1")
    (store.root / RESERVED).rmdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert await open_store(store.uri).get("a") == b"1"
    assert not (store.root / RESERVED).exists()


def test_a_server_learns_where_an_object_stands(store: FileBlobStore) -> None:
    assert store.path_of("index/a.json") == store.root / "index" / "a.json"
    with pytest.raises(BlobMissing):
        store.path_of("../secret")
