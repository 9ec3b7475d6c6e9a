"""One backend at a time, started once, with its environment set for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.absent import absent
from support.signer_backends import BACKENDS, Backend
from support.started import starter

Start = Callable[[str], Backend]


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start a backend when a test first needs it."""
    with starter(BACKENDS, tmp_path_factory) as start:
        yield start


@pytest.fixture
def backend(
    request: pytest.FixtureRequest, started: Start, monkeypatch: pytest.MonkeyPatch
) -> Backend:
    """The backend that the test is parametrised with."""
    found = started(request.param)
    if found.absent:
        absent(found.absent)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    if found.faults:
        found.faults.clear()
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over every backend unless it names some itself."""
    marked = metafunc.definition.get_closest_marker("parametrize")
    if "backend" in metafunc.fixturenames and marked is None:
        metafunc.parametrize("backend", sorted(BACKENDS), indirect=True)
