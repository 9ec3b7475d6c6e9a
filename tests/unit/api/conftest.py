"""A database server a session, a database and a registry a test; unix sockets only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket, enable_socket

from support.database import DatabaseServer
from support.registry import Registry
from support.registry_fixtures import *  # noqa: F403


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture
def blank(server: DatabaseServer, tmp_path: Path) -> Iterator[Registry]:
    """A registry whose worker has never run."""
    with server.fresh() as url:
        yield Registry(url, tmp_path / "blank")
