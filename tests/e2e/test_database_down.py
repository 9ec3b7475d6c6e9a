"""The database stops under a running registry: installs go on, writes say so, nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.database import DatabaseServer, database_server
from support.person import Person
from support.published import recompressed, root_fingerprint
from support.registry import Registry
from support.registry_process import Http, free_port, running, wait_until_ready
from support.skills import make_skill


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with database_server() as running_server:
        yield running_server


def publish(acme: Http, name: str, version: str, data: bytes) -> None:
    """Upload and wait until it is published."""
    taken = acme.upload(f"/v1/packages/acme/{name}/publish", data)
    assert taken.status == 202, taken.body
    acme.wait_for(f"acme/{name}", version)


def newcomer(folder: Path, http: Http, fingerprint: str) -> Person:
    """Somebody who meets the registry now."""
    person = Person(folder, datetime.now(UTC))
    person.ok("registry", "add", "home", http.url, "--root-fingerprint", fingerprint)
    return person


def test_installs_go_on_and_publishing_comes_back(server: DatabaseServer, tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    http, upload = Http(f"http://127.0.0.1:{port}"), "/v1/packages/acme/demo/publish"
    later = make_skill("acme", "demo", "1.1.0")
    with server.fresh() as url:
        registry = Registry(url, tmp_path / "registry")
        addresses = {"LISTEN_PORT": str(port), "PUBLIC_URL": http.url}
        worker = registry.worker_environment() | addresses
        with running("api", registry.common | addresses, log) as api:
            with running("worker", worker, log):
                wait_until_ready(http, api, log)
                acme = http.sign_up("acme")
                publish(acme, "demo", "1.0.0", recompressed(make_skill("acme", "demo")))
                story = make_skill("acme", "story", dependencies={"acme/demo": "^1.0"})
                publish(acme, "story", "1.0.0", story)
                server.stop()
                try:
                    fingerprint = root_fingerprint(registry.storage)
                    person = newcomer(tmp_path / "person", http, fingerprint)
                    ended = person.install("acme/story")
                    assert (ended.code, ended.warnings) == (0, ()), ended.error
                    assert person.installed_skills() == ["acme/demo/1.0.0", "acme/story/1.0.0"]
                    refused = acme.upload(upload, later)
                    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
                    assert person.run("search", "demo").code == 6
                finally:
                    server.start()
            with running("worker", worker, log):  # as whoever watches over it starts it again
                publish(acme, "demo", "1.1.0", later)
            assert api.poll() is None
            person.now = datetime.now(UTC)
            assert person.install("acme/demo@latest").result["installed"][0]["version"] == "1.1.0"
