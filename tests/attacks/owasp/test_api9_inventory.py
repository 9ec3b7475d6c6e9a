"""OWASP API9:2023, improper inventory management: routes that nobody listed, old ones that stay,
paths that reach something the list does not show."""

from __future__ import annotations

import pkgutil
import re
from importlib import import_module
from typing import Any

import pytest

from skreg.api import routes
from skreg.bootstrap import ApiContainer
from support.asgi import AsgiClient
from support.private import private_client

UNDOCUMENTED = {"/openapi.json", "/docs", "/docs/{name}"}
"""The document itself, and the page that shows it."""
OUTSIDE = {"/healthz", "/readyz", "/device"}
"""Routes that belong to no version: probes, and the page a person types a code into."""


@pytest.fixture
def document(client: AsgiClient) -> Any:
    return client.app.openapi()


def answered() -> set[tuple[str, str]]:
    """Every method and path that a module of routes answers, hidden from the document or not."""
    return {
        (method, route.path)
        for item in pkgutil.iter_modules(routes.__path__)
        for route in import_module(f"{routes.__name__}.{item.name}").router.routes
        for method in route.methods
    }


def test_every_route_is_in_the_document(client: AsgiClient, document: Any) -> None:
    found = answered()
    beside = {route.path for route in client.app.routes if hasattr(route, "path")}
    assert beside <= UNDOCUMENTED
    told = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert found == told


def test_every_route_has_a_version(document: Any) -> None:
    versions = {path.split("/")[1] for path in document["paths"] if path not in OUTSIDE}
    assert versions == {"v1"}


def test_every_route_says_what_it_does_and_how_it_refuses(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["tags"], where


def test_no_two_routes_answer_the_same_request(document: Any) -> None:
    """Of two templates that one path fits, the router takes the first: both have to be meant."""
    ids = [
        operation["operationId"] for ms in document["paths"].values() for operation in ms.values()
    ]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "path",
    [
        "/v0/packages",
        "/v2/packages",
        "/api/v1/internal",
        "/admin",
        "/metrics",
        "/debug",
        "/.env",
        "/.git/config",
        "/server-status",
        "/v1/admin",
        "/v1/",
        "//v1/search",
        "/v1/search/",
        "/V1/search",
        "/v1/packages/acme/demo/",
        "/actuator/health",
    ],
)
async def test_nothing_stands_beside_the_list(client: AsgiClient, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_no_spelling_walks_around_the_private_gate(container: ApiContainer) -> None:
    stranger = private_client(container)
    for path in (
        "/v1/auth/../search",
        "/v1/auth/%2e%2e/search",
        "//v1/search",
        "/v1/auth//../packages",
        "/healthz/../v1/search",
        "/v1/auth/x",
        "/trust/../index/timestamp",
        "/trust/%2e%2e/index/timestamp",
        "/index/bins/../acme/demo.json",
    ):
        answer = await stranger.get(path)
        assert answer.status in (401, 404), path


def test_paths_with_a_package_are_all_gated(document: Any) -> None:
    """A private registry guards these two forms; a route of another form must ask by itself."""
    gated = re.compile(r"/v1/(?:packages|download)/\{ns\}/\{name\}")
    others = {
        path
        for path in document["paths"]
        if "{name}" in path and not gated.match(path) and not path.startswith("/v1/admin/")
    }
    assert others == set()
