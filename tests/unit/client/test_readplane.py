"""Several places for the same objects, the cache in front of them, tokens that stay at home."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillpkg.client.cache import CachedPlane
from skillpkg.client.readplane import FolderPlane, HttpPlane, SeveralPlanes, open_plane
from skillpkg.client.transport import Request, Response, Transport
from skillpkg.errors import NetworkFailure, NotAllowed, NotFound
from support.client_world import BASE, World, answer
from support.memory import MemoryPlane

PATH = "/index/bins/0/x.json"


def get(plane: object, path: str = PATH, *, immutable: bool = True) -> bytes:
    data: bytes = plane.get(path, max_size=100, immutable=immutable)  # type: ignore[attr-defined]
    return data


def test_the_next_place_serves_and_a_dead_one_is_asked_last() -> None:
    dead, live = MemoryPlane({PATH: b"x"}, down={PATH}), MemoryPlane({PATH: b"x"})
    plane = SeveralPlanes([dead, live])
    assert [get(plane) for _ in range(3)] == [b"x"] * 3
    assert len(dead.asked) == 1
    assert get(SeveralPlanes([MemoryPlane({}), live])) == b"x"


def test_what_several_places_say_together() -> None:
    missing, dead = MemoryPlane({}), MemoryPlane({}, down={PATH})
    with pytest.raises(NotFound):
        get(SeveralPlanes([dead, missing]))
    with pytest.raises(NetworkFailure):
        get(SeveralPlanes([dead, MemoryPlane({}, down={PATH})]))


def test_a_token_is_sent_only_after_a_refusal(world: World) -> None:
    asked: list[str] = []

    def token_for(url: str) -> str | None:
        asked.append(url)
        return "secret"

    def guarded(request: Request) -> Response:
        return Response(200, {}, b"x") if request.token == "secret" else answer(401)

    world.server.routes[f"GET {PATH}"] = guarded
    plane = HttpPlane(BASE, Transport(), token_for)
    assert get(plane) == get(plane) == b"x"
    assert asked == [BASE]
    assert [r.token for r in world.server.asked] == [None, "secret", "secret"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, NotFound),
        (410, NotFound),
        (403, NotAllowed),
        (500, NetworkFailure),
        (304, NetworkFailure),
    ],
)
def test_statuses(world: World, status: int, error: type[Exception]) -> None:
    world.server.routes[f"GET {PATH}"] = answer(status)
    with pytest.raises(error):
        get(HttpPlane(BASE, Transport(), lambda _: None))
    with pytest.raises(error):
        get(SeveralPlanes([HttpPlane(BASE, Transport(), lambda _: None)]))


def test_only_changing_objects_ask_caches_for_fresh_ones(world: World) -> None:
    world.server.files[PATH] = b"x"
    plane = open_plane([BASE], Transport(), lambda _: None)
    get(plane)
    get(plane, immutable=False)
    assert [dict(r.headers) for r in world.server.asked] == [{}, {"Cache-Control": "no-cache"}]


def test_several_urls_become_several_places(tmp_path: Path) -> None:
    plane = open_plane([tmp_path.as_uri(), BASE], Transport(), lambda _: None)
    assert isinstance(plane, SeveralPlanes)
    assert isinstance(open_plane([tmp_path.as_uri()], Transport(), lambda _: None), FolderPlane)


def test_the_cache_keeps_immutable_objects_only(tmp_path: Path) -> None:
    inner = MemoryPlane({PATH: b"x", "/index/timestamp": b"t"})
    plane = CachedPlane(inner, tmp_path)
    assert plane.forget_served() is False
    assert get(plane) == get(plane) == b"x"
    assert get(plane, "/index/timestamp", immutable=False) == b"t"
    assert get(plane, "/index/timestamp", immutable=False) == b"t"
    assert inner.asked == [PATH, "/index/timestamp", "/index/timestamp"]
    assert plane.forget_served() is True
    assert get(plane) == b"x"
    assert inner.asked[-1] == PATH


@pytest.mark.parametrize("damage", ["empty", "torn", "long", "folder"])
def test_a_damaged_cache_file_is_fetched_again(tmp_path: Path, damage: str) -> None:
    inner = MemoryPlane({PATH: b"x"})
    plane = CachedPlane(inner, tmp_path)
    get(plane)
    place = tmp_path / PATH.removeprefix("/")
    if damage == "folder":
        place.unlink()
        place.mkdir()
    else:
        place.write_bytes({"empty": b"", "torn": b"y" * 40, "long": b"z" * 400}[damage])
    assert get(plane) == b"x"
    assert len(inner.asked) == 2


def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path) -> None:
    (tmp_path / "index").write_text("a file where a folder should be")
    inner = MemoryPlane({PATH: b"x"})
    plane = CachedPlane(inner, tmp_path)
    assert get(plane) == get(plane) == b"x"
    assert len(inner.asked) == 2
