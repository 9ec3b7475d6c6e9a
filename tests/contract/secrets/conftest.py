"""One secret store at a time, started once, with its environment set for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from support.secret_backends import SECRET_BACKENDS, SecretBackend
from support.started import starter


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], SecretBackend]]:
    """Start a backend when a test first needs it."""
    with starter(SECRET_BACKENDS, tmp_path_factory) as start:
        yield start


@pytest.fixture(params=sorted(SECRET_BACKENDS))
def backend(
    request: pytest.FixtureRequest,
    started: Callable[[str], SecretBackend],
    monkeypatch: pytest.MonkeyPatch,
) -> SecretBackend:
    """Each store in turn, its environment set."""
    found = started(request.param)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found
