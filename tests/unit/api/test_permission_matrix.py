"""Every route tried by every caller: what permission_matrix.yaml says, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from skreg.bootstrap import open_api
from skreg.settings import load_api_settings
from support import matrix
from support.asgi import Answer
from support.database import DatabaseServer
from support.matrix import CALLERS, NOT_GOOD, Matrix, Row
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
def built(server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    with server.fresh() as url:
        folder = tmp_path_factory.mktemp("matrix")
        yield asyncio.run(matrix.build(server, Registry(url, folder)))


@pytest_asyncio.fixture
async def world(built: Matrix) -> AsyncIterator[Matrix]:
    yield built
    await built.begin_again()


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
async def test_who_may(route: str, world: Matrix) -> None:
    """Refusals and reads change nothing; after every change the world begins again."""
    row = ROWS[route]
    is_same = row.repeatable or route.startswith("GET ")
    shared = [c for c in CALLERS if c not in row.allow or is_same]
    for caller in shared:
        _check(await world.ask(route, row, caller), row, caller)
    for caller in (item for item in CALLERS if item not in shared):
        _check(await world.ask(route, row, caller), row, caller)
        await world.begin_again()


def _check(answer: Answer, row: Row, caller: str) -> None:
    is_expected = row.allows(answer) if caller in row.allow else row.denies(caller, answer)
    assert is_expected, f"{caller}: {answer}"


@pytest.mark.parametrize(
    "route", [r for r, row in ROWS.items() if not row.allow & set(NOT_GOOD) and not row.holder]
)
async def test_a_limited_or_read_only_token_may_no_more(route: str, world: Matrix) -> None:
    """All scopes of the owner, but for another namespace, or without changing anything."""
    row = ROWS[route]
    small = ["limited"] if "{ns}" in route else []
    for caller in small + ([] if route.startswith("GET ") else ["read-only"]):
        answer = await world.ask(route, row, caller)
        assert answer.status in (403, 404), f"{caller}: {answer}"


UNRECORDED = {
    "POST /v1/auth/reset/request": "it mails a code, to an account that has an address",
    "POST /v1/auth/device/code": "nobody has decided anything yet",
    "POST /v1/tokens/leaked": "nobody has the token of the example",
}
"""Routes whose example changes nothing that belongs to anybody, and why."""


def _changing() -> list[str]:
    """Routes whose example is done: an administrator has to find who did it."""
    done = [route for route, row in ROWS.items() if not row.answers and not route.startswith("GET")]
    return [route for route in done if route not in UNRECORDED]


@pytest.mark.parametrize("route", _changing())
async def test_every_change_leaves_a_line_in_the_audit_log(route: str, world: Matrix) -> None:
    row, before = ROWS[route], world.last_line()
    caller = next(one for one in reversed(CALLERS) if one in row.allow and one not in NOT_GOOD)
    answer = await world.ask(route, row, caller)
    assert answer.status < 400, answer
    assert world.last_line() > before
