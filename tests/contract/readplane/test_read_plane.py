"""One contract for every read plane: a server, a folder, either behind the cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skillpkg.client.cache import CachedPlane
from skillpkg.client.readplane import open_plane
from skillpkg.client.transport import Limits, Transport
from skillpkg.errors import NetworkFailure, NotFound
from skillpkg.install.ports import ReadPlane
from support.client_world import write_files
from support.loopback import body, running

FILES = {
    "/index/timestamp": b"now",
    "/index/bins/0/" + "a" * 64 + ".json": b"{}",
    "/packages/acme/base/1.0.0+build/x.skill": b"\x1f\x8b" * 50_000,
    "/.well-known/skreg.json": b"{}",
    "/empty": b"",
}
Make = Callable[[], ReadPlane]


@pytest.fixture(params=["server", "folder", "cached server", "folder then server"])
def plane(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ReadPlane]:
    """A plane that serves ``FILES``."""
    write_files(tmp_path / "served", FILES)
    folder = (tmp_path / "served").as_uri()
    with running() as server:
        for path, data in FILES.items():
            server.script[path.replace("+", "%2B")] = body(data)
        urls = {"folder": [folder], "folder then server": [(tmp_path / "no").as_uri(), server.url]}
        transport = Transport(limits=Limits(read=2.0), wait=lambda _: None)
        opened = open_plane(urls.get(request.param, [server.url]), transport, lambda _: None)
        cached = request.param == "cached server"
        yield CachedPlane(opened, tmp_path / "cache") if cached else opened
        transport.close()


@pytest.mark.parametrize("immutable", [True, False])
@pytest.mark.parametrize("path", FILES)
def test_objects_come_whole(plane: ReadPlane, path: str, immutable: bool) -> None:
    for _ in range(2):
        assert plane.get(path, max_size=100_000, immutable=immutable) == FILES[path]


def test_what_is_not_there_is_not_found(plane: ReadPlane) -> None:
    for path in ("/index/other", "/index/timestamp/below"):
        with pytest.raises(NotFound):
            plane.get(path, max_size=10, immutable=True)


def test_a_cap_holds_to_the_byte(plane: ReadPlane) -> None:
    path = "/index/timestamp"
    assert plane.get(path, max_size=3, immutable=False) == b"now"
    with pytest.raises((NetworkFailure, NotFound)):  # of several places, one may lack it
        plane.get(path, max_size=2, immutable=False)


@pytest.mark.parametrize(
    "path",
    ["/../secret", "/a/../../secret", "//etc/passwd", "/a//b", "a", "/", "", "/.git/x", "/a\\b",
     "/a/%2e%2e/b", "/a?b", "/a#b", "/a\x00b", "/a b", "/a/.", "/a\n"],
)  # fmt: skip
def test_paths_that_are_none_are_refused(plane: ReadPlane, path: str) -> None:
    with pytest.raises(NetworkFailure, match="not a path"):
        plane.get(path, max_size=10, immutable=True)


def test_a_folder_reads_plain_files_only(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "zero").symlink_to("/dev/zero")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    plane = open_plane([tmp_path.as_uri()], Transport(), lambda _: None)
    for name in ("fifo", "zero", "folder", "loop"):
        with pytest.raises(NetworkFailure):
            plane.get(f"/{name}", max_size=10, immutable=True)
