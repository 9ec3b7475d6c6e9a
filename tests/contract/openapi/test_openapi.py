"""Every route as the OpenAPI document tells it, asked by schemathesis: all checks, by everybody."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.database import DatabaseServer, database_server
from support.populated import OWNER, STAFF, UNLIMITED, Service, populate, serving
from support.registry import PASSWORD, Registry

HERE = Path(__file__).parent
SEED = os.environ.get("SKREG_SEED", "6")
METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture(scope="session")
def server() -> Iterator[DatabaseServer]:
    with database_server() as running_server:
        yield running_server


@pytest.fixture
def service(server: DatabaseServer, tmp_path: Path) -> Iterator[Service]:
    with server.fresh() as url:
        registry = Registry(url, tmp_path / "registry")
        asyncio.run(registry.work())
        asyncio.run(populate(registry))
        with serving(registry, tmp_path, **UNLIMITED) as found:
            yield found


def schemathesis(service: Service, *words: str, username: str = "") -> tuple[int, str]:
    """Run schemathesis against a service; returns how it ended and what it said."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    told = {
        "PYTHONPATH": str(HERE),
        "SKREG_URL": service.http.url,
        "SKREG_USERNAME": username,
        "SKREG_PASSWORD": PASSWORD,
        "SKREG_SEED": SEED,
    }
    program = Path(sys.executable).with_name("schemathesis")
    config = ["--config-file", str(HERE / "schemathesis.toml")]
    done = subprocess.run(
        [str(program), *config, "run", *words, "--seed", SEED, "--no-color"],
        env=known | told,
        cwd=service.log.parent,
        capture_output=True,
        text=True,
        timeout=570,
        check=False,
    )
    print(done.stdout, done.stderr)
    return done.returncode, done.stdout


def document(service: Service) -> dict[str, Any]:
    found: dict[str, Any] = service.http.get("/openapi.json").json()
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("username", ["", OWNER, STAFF], ids=["anonymous", "owner", "staff"])
def test_every_route_is_what_the_document_says(service: Service, username: str) -> None:
    routes = sum(
        method in METHODS for path in document(service)["paths"].values() for method in path
    )
    code, said = schemathesis(service, f"{service.http.url}/openapi.json", username=username)
    assert code == 0, said[-20_000:]
    assert re.search(rf"Selected: {routes}/{routes}\s+Tested: {routes}\b", said), said[-3000:]
    assert f"Seed: {SEED}" in said
    answered = [json.loads(line) for line in service.log.read_text().splitlines()]
    assert [line for line in answered if line.get("status") == 500] == []
    assert [line for line in answered if line["event"] == "request-crashed"] == []


def test_an_answer_that_is_not_documented_would_be_found(service: Service, tmp_path: Path) -> None:
    told = document(service)
    path = "/v1/packages/{ns}/{name}/versions"
    told["paths"] = {path: told["paths"][path]}
    del told["paths"][path]["get"]["responses"]["404"]
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(told))
    code, said = schemathesis(service, str(file), "--url", service.http.url)
    assert code == 1
    assert "Undocumented status code" in said
