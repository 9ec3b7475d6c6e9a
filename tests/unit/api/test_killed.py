"""A worker killed at any call, then started again: one version, one entry, visible once."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from skreg.api.app import create_app
from support.asgi import AsgiClient
from support.database import DatabaseServer
from support.killing import run_doomed_upload, run_doomed_worker
from support.registry import Registry, signed_up
from support.skills import make_skill

PUBLISH = "/v1/packages/acme/demo/publish"
STATES = {"uploaded", "vetting", "signed", "logged", "published"}


async def _session(registry: Registry) -> tuple[AsgiClient, str]:
    container = registry.api()
    client = await signed_up(AsgiClient(create_app(container)))
    await container.close()
    assert client.token is not None
    return client, client.token


def _publish(registry: Registry, token: str, version: str) -> str:
    async def publish() -> str:
        container = registry.api()
        client = AsgiClient(create_app(container), token)
        data = make_skill("acme", "demo", version)
        answer = await client.upload("/v1/packages/acme/demo/publish", data)
        await container.close()
        assert answer.status == 202, answer.body
        return str(answer.json()["sha256"])

    return asyncio.run(publish())


def _check(registry: Registry, version: str, sha256: str) -> None:
    where = "v.version = %s"
    found = registry.sql(f"SELECT state, log_index FROM versions v WHERE {where}", version)
    assert [state for state, _ in found] == ["published"]
    entries = registry.sql(
        f"SELECT count(*) FROM log_entries e JOIN versions v ON v.id = e.version_id WHERE {where}",
        version,
    )
    assert entries == [(1,)]
    dense = registry.sql("SELECT count(*), coalesce(max(index), -1) + 1 FROM log_entries")
    assert dense[0][0] == dense[0][1]
    verified = registry.verify(f"acme/demo@{version}")
    assert verified.version.sha256 == sha256
    assert verified.log_index == found[0][1]


@pytest.mark.timeout(280)
def test_a_worker_killed_at_every_call_loses_and_doubles_nothing(registry: Registry) -> None:
    _, token = asyncio.run(_session(registry))
    seen = set()
    for calls in range(1, 200):
        version = f"1.0.{calls}"
        sha256 = _publish(registry, token, version)
        died = run_doomed_worker(registry, calls)
        state = registry.sql("SELECT state FROM versions WHERE version = %s", version)[0][0]
        seen.add(state)
        asyncio.run(registry.work())
        _check(registry, version, sha256)
        if not died:
            break
    else:
        pytest.fail("the worker never got through")
    assert seen == STATES
    assert calls > 20


def test_an_api_killed_while_it_takes_an_upload_leaves_all_or_nothing(registry: Registry) -> None:
    _, token = asyncio.run(_session(registry))
    for calls in range(1, 20):
        version = f"1.0.{calls}"
        data = make_skill("acme", "demo", version)
        died = run_doomed_upload(registry, token, PUBLISH, data, calls)
        rows = registry.sql("SELECT id FROM versions WHERE version = %s", version)
        jobs = registry.sql(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'skreg.advance'"
        )
        assert jobs == [(len(rows),)]
        asyncio.run(_upload_again(registry, token, data))
        asyncio.run(registry.work())
        _check(registry, version, hashlib.sha256(data).hexdigest())
        if not died:
            break
    assert calls > 3


async def _upload_again(registry: Registry, token: str, data: bytes) -> None:
    container = registry.api()
    answer = await AsgiClient(create_app(container), token).upload(PUBLISH, data)
    await container.close()
    assert answer.status in (200, 202)


@pytest.mark.timeout(280)
def test_a_first_start_killed_at_every_call_makes_one_pki(
    server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ids = set()
    for calls in range(1, 200, 3):
        with server.fresh() as url:
            registry = Registry(url, tmp_path_factory.mktemp("registry"))
            died = run_doomed_worker(registry, calls)
            asyncio.run(registry.work())
            kinds = registry.sql("SELECT kind, count(*) FROM log_entries GROUP BY 1 ORDER BY 1")
            assert kinds == [("cert-issued", 3), ("crl", 3), ("trust-change", 1)]
            assert registry.timestamp()["checkpoint_size"] == 7
            ids.add(registry.timestamp()["registry"])
            if not died:
                break
    else:
        pytest.fail("the worker never got through")
    assert len(ids) > 1
