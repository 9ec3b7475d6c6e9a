"""A database server a session, a database and a registry a test; unix sockets only."""

from __future__ import annotations

import asyncio
import shutil
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


@pytest.fixture(scope="session")
def prepared(
    server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    """A registry that has made its PKI; tests get copies of it."""
    with server.fresh() as url:
        made = Registry(url, tmp_path_factory.mktemp("prepared"))
        asyncio.run(made.work())
        yield made


@pytest.fixture
def registry(server: DatabaseServer, prepared: Registry, tmp_path: Path) -> Iterator[Registry]:
    folder = tmp_path / "registry"
    shutil.copytree(prepared.folder, folder)
    template = prepared.database_url.partition("?")[0].rpartition("/")[2]
    with server.fresh(template) as url:
        yield Registry(url, folder)


@pytest.fixture
def blank(server: DatabaseServer, tmp_path: Path) -> Iterator[Registry]:
    """A registry whose worker has never run."""
    with server.fresh() as url:
        yield Registry(url, tmp_path / "blank")


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
