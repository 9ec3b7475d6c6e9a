"""Upgrades: from every revision with data in it, and under a release that goes on serving."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree

import psycopg
import pytest

from skreg.db.migrate import head, migrate
from support import revisions
from support.asgi import AsgiClient
from support.database import DatabaseServer, database_server
from support.earlier import previous_release
from support.populated import OWNER, populate
from support.registry import PASSWORD, Registry, client_of
from support.registry_process import Http, free_port, running, wait_until_ready
from support.skills import make_skill

REWRITTEN = {"package_search": {"document"}}
"""What an upgrade is meant to write anew: the text that is searched."""


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with database_server() as running_server:
        yield running_server


@pytest.fixture(scope="module")
def full(server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry of today with something in every part."""
    with server.fresh() as url:
        registry = Registry(url, tmp_path_factory.mktemp("full"))
        asyncio.run(registry.work())
        asyncio.run(populate(registry))
        yield registry


@pytest.mark.parametrize("revision", revisions.revisions())
def test_an_upgrade_keeps_every_row_and_the_registry_works(
    server: DatabaseServer, full: Registry, tmp_path: Path, revision: str
) -> None:
    copytree(full.folder, tmp_path / "registry")
    with server.empty() as url:
        revisions.upgrade(url, revision)
        revisions.copy_rows(full.database_url, url)
        if revision < "0004":  # the account that this revision brings
            with psycopg.connect(url) as connection:
                connection.execute("DELETE FROM accounts WHERE username LIKE 'oidc:%'")
        held = revisions.columns(url)
        kept = {name: [c for c in held[name] if c not in REWRITTEN.get(name, ())] for name in held}
        before = revisions.contents(url, kept)
        assert before["versions"]

        assert migrate(url) == head()

        after = revisions.contents(url, kept)
        lost = {name: set(rows) - set(after[name]) for name, rows in before.items()}
        assert {name: rows for name, rows in lost.items() if rows} == {}
        asyncio.run(_works(Registry(url, tmp_path / "registry")))


async def _works(registry: Registry) -> None:
    """Log in with an old password; find, yank and install what is old; publish something new."""
    container = registry.api()
    try:
        client = client_of(container)
        session = await client.post("/v1/auth/login", {"username": OWNER, "password": PASSWORD})
        acme = AsgiClient(client.app, session.json()["access_token"])
        found = await client.get("/v1/search?q=demo")
        assert [item["name"] for item in found.json()["results"]] == ["demo"]
        assert (await client.get("/v1/packages/acme/demo")).json()["versions"] == ["1.1.0", "1.0.0"]
        changes = (await client.get("/v1/changes")).json()["results"]
        assert {item["name"] for item in changes} == {"demo", "tool", "old"}
        new = await acme.upload(
            "/v1/packages/acme/demo/publish", make_skill("acme", "demo", "2.0.0")
        )
        assert new.status == 202, new.body
        yanked = await acme.post("/v1/packages/acme/demo/1.0.0/yank", {"reason": "old"})
        assert yanked.status == 200, yanked.body
        await registry.work()
    finally:
        await container.close()
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        registry.verify(f"acme/demo@{version}")
    assert registry.verify("acme/tool@0.1.0").signer.publisher_namespace == "acme"


@dataclass
class Reader:
    """Asks an API over and over from several threads, and remembers every answer that is no 200."""

    http: Http
    paths: tuple[str, ...]
    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    _end: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self._end.is_set():
            for path in self.paths:
                found = self.http.get(path)
                self.answers += 1
                if found.status != 200:
                    self.wrong.append(f"{path}: {found.status} {found.body[:300]!r}")

    def __enter__(self) -> Reader:
        self._pool = ThreadPoolExecutor(2)
        self._runs = [self._pool.submit(self.run) for _ in range(2)]
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for item in self._runs:
            item.result()
        self._pool.shutdown()


def test_the_release_before_serves_while_and_after_the_schema_moves(
    server: DatabaseServer, tmp_path: Path
) -> None:
    earlier = previous_release(tmp_path)
    if earlier is None:
        pytest.skip("the history has no release with an older schema: a shallow clone")
    old = earlier.environment
    log, port = tmp_path / "log", free_port()
    with server.empty() as url:
        registry = Registry(url, tmp_path / "registry")
        http = Http(f"http://127.0.0.1:{port}")
        quick = {"LISTEN_PORT": str(port), "RATE_LIMIT_ANONYMOUS": "100000"}
        api = registry.common | quick | old
        with running("worker", registry.worker_environment() | old, log) as worker:  # noqa: SIM117
            with running("api", api, log) as process:
                wait_until_ready(http, process, log)
                assert registry.sql("SELECT version_num FROM alembic_version") == [(earlier.head,)]
                acme = http.sign_up(OWNER, PASSWORD)
                _publish(acme, "1.0.0", 202)
                acme.wait_for("acme/demo", "1.0.0")
                paths = ("/v1/packages/acme/demo", "/v1/search?q=demo", "/v1/packages", "/readyz")
                with Reader(http, paths) as reader:
                    assert migrate(url) == head()
                    _publish(acme, "1.1.0", 202)
                    acme.wait_for("acme/demo", "1.1.0")
                    assert http.sign_up("late", PASSWORD).get("/v1/auth/me").status == 200
                    assert acme.post("/v1/packages/acme/demo/1.0.0/yank", {}).status == 200
                assert reader.answers > 20
                assert reader.wrong == []
                worker.terminate()
                worker.wait(30)
        asyncio.run(registry.work())
        asyncio.run(_goes_on(registry))
        for version in ("1.0.0", "1.1.0", "1.2.0"):
            registry.verify(f"acme/demo@{version}")


def _publish(client: Http, version: str, status: int) -> None:
    taken = client.upload("/v1/packages/acme/demo/publish", make_skill("acme", "demo", version))
    assert taken.status == status, taken.body


async def _goes_on(registry: Registry) -> None:
    """What the release before wrote on the new schema is whole for this one."""
    container = registry.api()
    try:
        client = client_of(container)
        session = await client.post("/v1/auth/login", {"username": "late", "password": PASSWORD})
        assert session.status == 200, session.body
        owner = await client.post("/v1/auth/login", {"username": OWNER, "password": PASSWORD})
        acme = AsgiClient(client.app, owner.json()["access_token"])
        changes = (await client.get("/v1/changes")).json()["results"]
        assert [v for item in changes for v in item["published"]] == ["1.0.0", "1.1.0"]
        quota = (await acme.get("/v1/namespaces/acme/quota")).json()
        assert quota["packages"]["used"] == 1
        assert quota["versions_per_day"]["used"] == 2, "by both releases"
        again = make_skill("acme", "demo", "1.2.0")
        assert (await acme.upload("/v1/packages/acme/demo/publish", again)).status == 202
        await registry.work()
    finally:
        await container.close()
