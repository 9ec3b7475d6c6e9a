"""Every route tried by every caller: what permission_matrix.yaml says, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from skreg.bootstrap import open_api
from skreg.settings import load_api_settings
from support import matrix
from support.database import DatabaseServer
from support.matrix import CALLERS, NOT_GOOD, Matrix
from support.registry import Registry, client_of

ROWS = matrix.rows()


def routes() -> list[str]:
    """Every route of the OpenAPI document, ``METHOD /path``."""
    settings = {
        "DATABASE_URL": "postgresql://nowhere/none",
        "STORAGE_URL": "file:///tmp/skreg-storage",
        "STAGING_URL": "file:///tmp/skreg-staging",
    }
    document = client_of(open_api(load_api_settings(settings))).app.openapi()
    return [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    ]


@pytest.fixture(scope="module")
def world(server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    with server.fresh() as url:
        yield asyncio.run(matrix.build(Registry(url, tmp_path_factory.mktemp("matrix"))))


Copies = Callable[[], AbstractContextManager[str]]


@pytest.fixture
def copies(server: DatabaseServer, world: Matrix) -> Copies:
    template = world.registry.database_url.partition("?")[0].rpartition("/")[2]
    return lambda: server.fresh(template)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    found = routes()
    missing = sorted(set(found) - set(ROWS))
    assert missing == [], f"add rows to {matrix.FILE.name}; its head says how"
    assert sorted(set(ROWS) - set(found)) == [], "no such route any more"


@pytest.mark.parametrize("route", [route for route, row in ROWS.items() if row.action])
def test_a_row_says_what_the_table_of_rules_says(route: str) -> None:
    row = ROWS[route]
    assert set(row.allow) == matrix.by_rule(row.action or "")


@pytest.mark.parametrize("route", ROWS)
async def test_who_may(route: str, world: Matrix, copies: Copies) -> None:
    row = ROWS[route]
    with copies() as url:
        for caller in CALLERS:
            if caller not in row.allow:
                answer = await world.ask(url, route, row, caller)
                assert row.denies(caller, answer), _told(caller, answer)
    for caller in CALLERS:
        if caller in row.allow:
            with copies() as url:
                answer = await world.ask(url, route, row, caller)
                assert row.allows(answer), _told(caller, answer)


@pytest.mark.parametrize(
    "route", [r for r, row in ROWS.items() if not row.allow & set(NOT_GOOD) and not row.holder]
)
async def test_a_limited_or_read_only_token_may_no_more(
    route: str, world: Matrix, copies: Copies
) -> None:
    """All scopes of the owner, but for another namespace, or without changing anything."""
    row = ROWS[route]
    with copies() as url:
        if "{ns}" in route:
            answer = await world.ask(url, route, row, "limited")
            assert answer.status in (403, 404), _told("limited", answer)
        if not route.startswith("GET "):
            answer = await world.ask(url, route, row, "read-only")
            assert answer.status in (403, 404), _told("read-only", answer)


def _told(caller: str, answer: object) -> str:
    return f"{caller}: {answer}"
