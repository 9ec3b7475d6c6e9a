"""What is kept, for how long, and how much of it; and what happens when the store fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from readplane_driver import (
    ARCHIVE,
    ARCHIVE_PATH,
    BIG,
    BIG_PATH,
    DOCUMENT,
    DOCUMENT_PATH,
    Client,
    Reply,
    address,
    take,
)

from skreg.api.readplane.delivery import TruncatedError
from skreg.api.readplane.objects import Answer, AnswerCache, Freshness
from skreg.errors import BlobMissing, StorageUnavailable

TIMESTAMP_PATH = "/index/timestamp"


def replace(plane: Any, path: str, data: bytes) -> None:
    new = plane.root / "new"
    new.write_bytes(data)
    new.replace(plane.file(path))


async def test_a_new_timestamp_is_served_within_a_second(plane: Any) -> None:
    old = await plane.client.ask(TIMESTAMP_PATH)
    replace(plane, TIMESTAMP_PATH, b"newer")
    plane.clock.now += 1
    new = await plane.client.ask(TIMESTAMP_PATH, if_none_match=old.headers["etag"])
    assert (new.status, new.body) == (200, b"newer")
    assert new.headers["etag"] == f'"{address(b"newer")}"'


async def test_an_unchanged_timestamp_is_asked_about_and_not_read_again(make_plane: Any) -> None:
    plane = make_plane("port")
    for _ in range(3):
        for _ in range(5):
            await plane.client.ask(TIMESTAMP_PATH)
        plane.clock.now += 1
    assert plane.store.asked == [
        ("head", "index/timestamp"),
        ("get", "index/timestamp"),
        ("head", "index/timestamp"),
        ("head", "index/timestamp"),
    ]


@pytest.mark.parametrize("path", [ARCHIVE_PATH, BIG_PATH])
async def test_a_withdrawn_archive_is_gone_within_seconds(plane: Any, path: str) -> None:
    await plane.client.ask(path)
    plane.file(path).unlink()
    plane.clock.now += 2.1
    assert (await plane.client.ask(path)).status == 404
    plane.clock.now -= 2.1
    assert (await plane.client.ask(path)).status == 404


async def test_what_cannot_change_is_asked_for_once(make_plane: Any) -> None:
    plane = make_plane("port")
    for _ in range(3):
        assert (await plane.client.ask(DOCUMENT_PATH)).body == DOCUMENT
        plane.clock.now += 1e6
    assert [verb for verb, _ in plane.store.asked] == ["head", "get"]


async def test_requests_at_once_share_one_question(make_plane: Any) -> None:
    plane = make_plane("port")
    replies = await asyncio.gather(*(plane.client.ask(DOCUMENT_PATH) for _ in range(20)))
    assert {reply.body for reply in replies} == {DOCUMENT}
    assert [verb for verb, _ in plane.store.asked] == ["head", "get"]


async def test_a_requester_who_leaves_takes_nobody_along(make_plane: Any) -> None:
    plane = make_plane("port")
    leaving = asyncio.create_task(plane.client.ask(DOCUMENT_PATH))
    await asyncio.sleep(0)
    staying = asyncio.create_task(plane.client.ask(DOCUMENT_PATH))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).body == DOCUMENT
    assert [verb for verb, _ in plane.store.asked] == ["head", "get"]


async def test_a_question_cut_off_by_the_end_of_the_process_leaves_no_noise(
    make_plane: Any,
) -> None:
    plane = make_plane("port")
    before = asyncio.all_tasks()
    asking = asyncio.create_task(plane.client.ask(DOCUMENT_PATH))
    await asyncio.sleep(0)
    for task in asyncio.all_tasks() - before - {asking}:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_store_that_does_not_answer_is_503_and_comes_back(
    make_plane: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = make_plane("port")
    known = (await plane.client.ask(TIMESTAMP_PATH)).body
    with monkeypatch.context() as broken:

        async def away(key: str) -> Any:
            raise StorageUnavailable("The bucket does not answer.", why="secret endpoint")

        broken.setattr(plane.store, "head", away)
        plane.clock.now += 1
        reply = await plane.client.ask(TIMESTAMP_PATH)
        assert reply.status == 503
        assert "secret" not in str(reply.problem())
        assert (await plane.client.ask(TIMESTAMP_PATH, "HEAD")).body == b""
    assert (await plane.client.ask(TIMESTAMP_PATH)).body == known


async def test_a_mistake_is_a_500_without_a_trace(
    make_plane: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = make_plane("port")

    async def wrong(key: str) -> Any:
        raise ValueError("inner detail")

    monkeypatch.setattr(plane.store, "head", wrong)
    reply = await plane.client.ask(TIMESTAMP_PATH)
    assert reply.status == 500
    assert "inner" not in str(reply.problem())


async def test_an_archive_that_goes_between_look_and_read_is_404(
    make_plane: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = make_plane("port")

    async def gone(key: str, start: int, end: int) -> bytes:
        raise BlobMissing("The object does not exist.")

    monkeypatch.setattr(plane.store, "get_range", gone)
    assert (await plane.client.ask(BIG_PATH)).status == 404
    monkeypatch.setattr(plane.store, "get", lambda key: gone(key, 0, 0))
    assert (await plane.client.ask(ARCHIVE_PATH)).status == 404


async def broken_off(plane: Any, path: str) -> Reply:
    """Ask for an object whose store fails on the way; return what came until then."""
    reply = Reply()

    async def send(message: dict[str, Any]) -> None:
        take(reply, message)

    with pytest.raises(TruncatedError):
        await plane.app(Client(plane.app)._scope(path, "GET", {}), None, send)
    return reply


async def test_a_store_that_fails_on_the_way_cuts_the_connection(
    make_plane: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = make_plane("port")

    async def short(key: str, start: int, end: int) -> bytes:
        return BIG[start:end] if start == 0 else b""

    monkeypatch.setattr(plane.store, "get_range", short)
    reply = await broken_off(plane, BIG_PATH)
    assert (reply.status, reply.complete) == (200, False)


async def test_a_file_that_shrinks_on_the_way_cuts_the_connection(
    make_plane: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = make_plane("file")
    await plane.client.ask(BIG_PATH)
    facts = await plane.app._source.facts(BIG_PATH[1:])

    async def as_before(key: str) -> Any:
        return facts

    monkeypatch.setattr(plane.app._source, "facts", as_before)
    plane.file(BIG_PATH).write_bytes(BIG[:300_000])
    reply = await broken_off(plane, BIG_PATH)
    assert not reply.complete
    plane.file(BIG_PATH).unlink()
    assert (await plane.client.ask(BIG_PATH)).status == 404


def answer(size: int) -> Answer:
    return Answer("key", size, b'"x"', [], bytes(size), (), 0.0)


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    cache = AnswerCache(3 * answer(1000).cost)
    for path in (b"a", b"b", b"c"):
        cache.put(path, answer(1000))
    assert cache.get(b"a")
    cache.put(b"d", answer(1000))
    assert cache.get(b"b") is None
    assert all(cache.get(path) for path in (b"a", b"c", b"d"))
    cache.put(b"a", answer(500))
    assert cache.used == 2 * answer(1000).cost + answer(500).cost
    cache.put(b"a", answer(100_000))
    assert cache.get(b"a") is None
    for path in (b"c", b"d", b"e"):
        cache.drop(path)
    assert cache.used == 0


async def test_a_file_that_goes_between_look_and_read_is_404(
    make_plane: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plane = make_plane("file")
    facts = await plane.app._source.facts(ARCHIVE_PATH[1:])

    async def as_before(key: str) -> Any:
        return facts

    monkeypatch.setattr(plane.app._source, "facts", as_before)
    plane.file(ARCHIVE_PATH).unlink()
    assert (await plane.client.ask(ARCHIVE_PATH)).status == 404


async def test_many_archives_stay_within_the_memory_given(make_plane: Any) -> None:
    plane = make_plane("file", memory=200_000)
    for number in range(40):
        path = f"/packages/acme/n{number}/1.0.0/{address(ARCHIVE)}.skill"
        plane.file(path).parent.mkdir(parents=True)
        plane.file(path).write_bytes(bytes(20_000))
        assert (await plane.client.ask(path)).status == 200
    assert 0 < plane.app._objects._cache.used <= 200_000


def test_an_object_without_cache_headers_counts_as_mutable() -> None:
    from skreg.ports.blobs import BlobHeaders

    assert Freshness().of("packages/x", BlobHeaders()) == Freshness().mutable
