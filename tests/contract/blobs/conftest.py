"""One store at a time, started once; every test has a prefix of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest

from skreg.adapters.blobs import open_blob_store
from skreg.ports.blobs import BlobStore
from support.absent import absent
from support.blob_backends import BLOB_BACKENDS, BlobBackend
from support.started import starter


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], BlobBackend]]:
    """Start a backend when a test first needs it."""
    with starter(BLOB_BACKENDS, tmp_path_factory) as start:
        yield start


@pytest.fixture(params=sorted(BLOB_BACKENDS))
def backend(
    request: pytest.FixtureRequest,
    started: Callable[[str], BlobBackend],
    monkeypatch: pytest.MonkeyPatch,
) -> BlobBackend:
    """Each store in turn, its environment set."""
    found = started(request.param)
    if found.absent:
        absent(found.absent)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


def with_prefix(uri: str, prefix: str) -> str:
    """The same store under a prefix."""
    place, mark, options = uri.partition("?")
    return f"{place}/{prefix}{mark}{options}"


@pytest.fixture
def store(backend: BlobBackend) -> BlobStore:
    """An empty part of the store."""
    return open_blob_store(with_prefix(backend.uri, f"t{secrets.token_hex(6)}/read"))
