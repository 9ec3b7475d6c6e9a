"""One secret store at a time, started once, with its environment set for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from support.secret_backends import SECRET_BACKENDS, SecretBackend


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], SecretBackend]]:
    """Start a store when a test first needs it."""
    running: dict[str, SecretBackend] = {}
    with ExitStack() as stack:

        def start(scheme: str) -> SecretBackend:
            if scheme not in running:
                folder = tmp_path_factory.mktemp(scheme)
                running[scheme] = stack.enter_context(SECRET_BACKENDS[scheme](folder))
            return running[scheme]

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
