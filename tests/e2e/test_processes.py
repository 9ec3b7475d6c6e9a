"""API and worker as processes of their own, on one database and two stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skreg.db.migrate import head
from support.database import DatabaseServer, database_server
from support.registry import Registry
from support.registry_process import Http, free_port, running, said, wait_until_ready
from support.skills import make_skill


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with database_server() as running_server:
        yield running_server


def test_api_and_worker_apart(server: DatabaseServer, tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    with server.empty() as url:
        registry = Registry(url, tmp_path / "registry")
        api = registry.common | {"LISTEN_PORT": str(port)}
        http = Http(f"http://127.0.0.1:{port}")
        with running("worker", registry.worker_environment(), log) as worker:
            with running("api", api, log) as process:
                wait_until_ready(http, process, log)
                acme = http.sign_up("acme")
                path = "/v1/packages/acme/demo/publish"
                assert acme.upload(path, make_skill("acme", "demo")).status == 202
                acme.wait_for("acme/demo", "1.0.0")
                process.terminate()
                assert process.wait(20) == 0
            worker.terminate()
            assert worker.wait(20) == 0
        registry.verify("acme/demo@1.0.0")


def test_reads_go_on_without_the_database(server: DatabaseServer, tmp_path: Path) -> None:
    log, port = tmp_path / "log", free_port()
    registry = Registry("postgresql://nobody@127.0.0.1:1/none", tmp_path / "registry")
    known = registry.storage / ".well-known" / "skreg.json"
    known.parent.mkdir()
    known.write_bytes(b"{}")
    http = Http(f"http://127.0.0.1:{port}")
    with running("api", registry.common | {"LISTEN_PORT": str(port)}, log) as process:
        while True:
            try:
                answer = http.get("/.well-known/skreg.json")
                break
            except OSError:
                assert process.poll() is None, log.read_text()
        assert (answer.status, answer.body) == (200, b"{}")
        assert http.get("/healthz").status == 200
        search = http.get("/v1/search?q=a")
        assert (search.status, search.headers["retry-after"]) == (503, "5")
        assert http.get("/readyz").status == 503


@pytest.mark.parametrize("command", ["api", "worker", "migrate"])
def test_a_broken_environment_is_told_whole(command: str) -> None:
    done = said(command, environment={"DATABASE_URL": "mysql://x"})
    assert done.returncode == 1
    assert "DATABASE_URL" in done.stderr
    assert command == "migrate" or "STORAGE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_migrate_says_where_the_schema_is(server: DatabaseServer) -> None:
    with server.empty() as url:
        done = said("migrate", environment={"DATABASE_URL": url})
        assert (done.returncode, done.stdout) == (0, f"The schema is at revision {head()}.\n")
        status = said("pki", "status", environment={"DATABASE_URL": url})
        assert "There is no PKI yet." in status.stdout
        fingerprint = said("pki", "fingerprint", environment={"DATABASE_URL": url})
        assert fingerprint.returncode == 1
        assert "skreg pki status" in fingerprint.stderr
