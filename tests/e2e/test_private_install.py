"""An install from a private registry: real processes, the real client, tokens all the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from skreg.bootstrap import utc_now
from support.database import database_server
from support.person import Person
from support.registry import Registry
from support.registry_process import Http, free_port, running, said, wait_until_ready
from support.skills import make_skill


@contextmanager
def private_registry(tmp_path: Path) -> Iterator[tuple[Http, Registry]]:
    """A private registry with ``acme/open`` for every reader and ``acme/closed`` restricted."""
    log, port = tmp_path / "log", free_port()
    with database_server() as server, server.fresh() as url:
        registry = Registry(url, tmp_path / "registry")
        address = f"http://127.0.0.1:{port}"
        registry.common |= {"PUBLIC_URL": address}
        api = registry.common | {"LISTEN_PORT": str(port), "VISIBILITY": "private"}
        http = Http(address)
        with (
            running("worker", registry.worker_environment(), log),
            running("api", api, log) as process,
        ):
            wait_until_ready(http, process, log)
            acme = http.sign_up("acme")
            big = bytes(range(256)) * 2000
            for name in ("open", "closed"):
                data = make_skill("acme", name, files={"references/big.bin": big})
                assert acme.upload(f"/v1/packages/acme/{name}/publish", data).status == 202
                acme.wait_for(f"acme/{name}", "1.0.0")
            body = b'{"restricted": true}'
            assert acme("PUT", "/v1/packages/acme/closed/readers", body).status == 200
            yield acme, registry


def token_of(http: Http) -> str:
    answer = http.post("/v1/tokens", {"name": "laptop", "scopes": ["read"]})
    assert answer.status == 201
    return str(answer.json()["token"])


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "person", utc_now())


def test_an_install_from_a_private_registry(person: Person, tmp_path: Path) -> None:
    with private_registry(tmp_path) as (acme, registry):
        told = said("pki", "fingerprint", environment={"DATABASE_URL": registry.database_url})
        pinned = ("--root-fingerprint", told.stdout.strip())
        person.ok("registry", "add", "mine", acme.url, *pinned)

        refused = person.install("acme/open@1.0.0")
        assert refused.code == 5, refused.error
        assert person.installed_skills() == []

        person.environment["SKILLPKG_TOKEN"] = token_of(replace(acme).sign_up("reader"))
        assert person.install("acme/open@1.0.0").code == 0
        hidden = person.install("acme/closed@1.0.0")
        absent = person.install("acme/nothing@1.0.0")
        assert (hidden.code, hidden.check) == (3, "index-hash"), "the signed index names it"
        assert absent.code == 4
        assert person.installed_skills() == ["acme/open/1.0.0"]

        assert acme("PUT", "/v1/packages/acme/closed/readers/reader").status == 200
        assert person.install("acme/closed@1.0.0").code == 0
        assert person.run("verify").code == 0
        found = person.ok("search", "skill")
        names = {item["name"] for item in found.result["results"]}
        assert names == {"open", "closed"}
