"""Whatever starts first, the registry comes up; and whatever ends, ends in order."""

from __future__ import annotations

import json
from pathlib import Path

from skillpkg_infra.alarms import HEALTH_FIELDS, HEALTH_LINE
from support.twin import Twin, is_ready, status, twin
from support.twin_process import Container


def works(stack: Twin) -> None:
    acme = stack.customer("acme")
    acme.sign_up("acme")
    acme.publish("acme", "demo")
    acme.install("acme/demo")


def listens(api: Container, path: str) -> int:
    return status(int(api.environment["LISTEN_PORT"]), path)


def test_api_first(tmp_path: Path) -> None:
    with twin(tmp_path) as stack:
        stack.postgres.start()
        with stack.api() as api:
            assert (listens(api, "/healthz"), listens(api, "/readyz")) == (200, 503)
            with stack.worker() as worker:
                worker.wait(lambda: is_ready(worker), "ready")
                api.wait(lambda: is_ready(api), "ready")
                works(stack)
                assert (api.ends, worker.ends) == ([], [])


def test_worker_first(tmp_path: Path) -> None:
    with twin(tmp_path) as stack:
        stack.postgres.start()
        with stack.worker() as worker:
            worker.wait(lambda: is_ready(worker), "ready")
            with stack.api() as api:
                api.wait(lambda: is_ready(api), "ready")
                works(stack)
                reader = stack.customer("reader")
            # The api is gone; what is published is read from the bucket through the CDN.
            reader.install("acme/demo")
        lines = [json.loads(line) for line in worker.told().splitlines() if line[:1] == "{"]
        health = next(line for line in lines if line["event"] == HEALTH_LINE)
        assert set(HEALTH_FIELDS) <= set(health), "what the stack's alarms read"


def test_database_late(tmp_path: Path) -> None:
    with twin(tmp_path) as stack, stack.api() as api, stack.worker() as worker:
        api.wait(lambda: listens(api, "/readyz") == 503, "waiting")
        worker.wait(lambda: "database-awaited" in worker.told(), "waiting")
        assert not is_ready(worker)
        stack.postgres.start()
        worker.wait(lambda: is_ready(worker), "ready")
        api.wait(lambda: is_ready(api), "ready")
        works(stack)
        assert (api.ends, worker.ends) == ([], []), "nobody had to be started again"
