"""A database server a session, a database and a registry a test; unix sockets only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from pytest_socket import disable_socket, enable_socket

from skreg.bootstrap import ApiContainer
from support.asgi import AsgiClient
from support.database import DatabaseServer, database_server
from support.registry import Registry, client_of, signed_up


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(scope="session")
def server() -> Iterator[DatabaseServer]:
    with database_server() as running:
        yield running


@pytest.fixture
def registry(server: DatabaseServer, tmp_path: Path) -> Iterator[Registry]:
    with server.fresh() as url:
        yield Registry(url, tmp_path)


@pytest_asyncio.fixture
async def container(registry: Registry) -> AsyncIterator[ApiContainer]:
    made = registry.api()
    yield made
    await made.close()


@pytest.fixture
def client(container: ApiContainer) -> AsgiClient:
    return client_of(container)


@pytest_asyncio.fixture
async def acme(client: AsgiClient) -> AsgiClient:
    """A client with a session of the account ``acme``."""
    return await signed_up(client)
