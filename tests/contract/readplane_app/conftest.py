"""A folder of objects, served from the file system and through the port."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from readplane_driver import OBJECTS, SMALL_LIMIT, Client, RemoteStore

from skreg.adapters.blobs.file import open_store
from skreg.api.readplane import ReadPlaneApp


class Clock:
    """Monotonic seconds that stand still until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Plane:
    """The application under test with what it stands on."""

    root: Path
    store: Any
    clock: Clock
    app: ReadPlaneApp
    client: Client

    def file(self, path: str) -> Path:
        return self.root / path[1:]


def no_fallback() -> Any:
    raise AssertionError("the fallback was asked for")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "with space"
    for path, data in OBJECTS.items():
        file = root / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


def plane_over(root: Path, kind: str, **options: Any) -> Plane:
    store = open_store(root.as_uri()) if kind == "file" else RemoteStore(root)
    clock = Clock()
    options = {"small": SMALL_LIMIT, "clock": clock, "fallback": no_fallback, **options}
    app = ReadPlaneApp(store, **options)
    return Plane(root, store, clock, app, Client(app))


@pytest.fixture(params=["file", "port"])
def plane(folder: Path, request: pytest.FixtureRequest) -> Plane:
    return plane_over(folder, request.param)


@pytest.fixture
def make_plane(folder: Path) -> Any:
    return lambda kind="file", **options: plane_over(folder, kind, **options)
