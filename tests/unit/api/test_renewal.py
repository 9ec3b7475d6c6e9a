"""What grows old is renewed; what is lost is found; what is replaced goes after a day."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta

import pytest

from skreg.bootstrap import utc_now
from skreg.db.pool import writing
from skreg.db.queries import pki
from skreg.errors import StorageUnavailable
from skreg.pki import ceremony
from skreg.pki.ceremony_json import grant_to_bytes
from skreg.publish.pipeline import Pipeline
from skreg.publish.pipeline_retire import retire_replaced
from skreg.publish.staging import staging_key
from skreg.queue import ADVANCE
from skreg.worker import guarded, register, sweep
from support.asgi import AsgiClient
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill

PUBLISH = "/v1/packages/acme/demo/publish"


def later(**delta: float) -> datetime:
    return utc_now() + timedelta(**delta)


async def test_nothing_due_writes_nothing(registry: Registry) -> None:
    before = {path: path.stat().st_mtime_ns for path in registry.storage.rglob("*")}
    entries = registry.sql("SELECT count(*) FROM log_entries")
    await registry.work()
    index = registry.storage / "index"
    log = registry.storage / "log"
    for folder in (index, log):
        for path in folder.rglob("*"):
            assert path.stat().st_mtime_ns == before[path], path
    assert registry.sql("SELECT count(*) FROM log_entries") == entries


async def test_the_timestamp_is_renewed_after_six_hours(registry: Registry) -> None:
    first = registry.timestamp()
    await registry.work(lambda: later(hours=5))
    assert registry.timestamp() == first
    await registry.work(lambda: later(hours=7))
    assert registry.timestamp()["issued_at"] > first["issued_at"]


async def test_crls_are_renewed_twice_a_day_and_logged(registry: Registry) -> None:
    first = registry.timestamp()
    await registry.work(lambda: later(hours=13))
    found = registry.timestamp()
    assert sum(found["crl_numbers"].values()) == sum(first["crl_numbers"].values()) + 2
    assert found["checkpoint_size"] == first["checkpoint_size"] + 2
    kinds = registry.sql("SELECT kind FROM log_entries ORDER BY index DESC LIMIT 2")
    assert kinds == [("crl",), ("crl",)]


async def test_the_leaf_is_renewed_and_old_releases_still_install(
    acme: AsgiClient, registry: Registry
) -> None:
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    await registry.work()
    old = registry.verify("acme/demo@1.0.0").signer.leaf
    await registry.work(lambda: later(days=61))
    await acme.upload(PUBLISH, make_skill("acme", "demo", "1.1.0"))
    await registry.work(lambda: later(days=61))
    at = later(days=100)
    await registry.work(lambda: at)
    assert registry.verify("acme/demo@1.0.0", lambda: at).signer.leaf == old
    assert registry.verify("acme/demo@1.1.0", lambda: at).signer.leaf != old


async def test_replaced_objects_go_after_a_day(acme: AsgiClient, registry: Registry) -> None:
    for version in ("1.0.0", "1.1.0"):
        await acme.upload(PUBLISH, make_skill("acme", "demo", version))
        await registry.work()
    documents = registry.storage / "index" / "acme" / "demo"
    assert len(list(documents.iterdir())) == 2
    early = registry.worker()
    assert await retire_replaced(early) == []
    await early.close()
    late = registry.worker(lambda: later(hours=25))
    gone = await retire_replaced(late)
    await late.close()
    assert any(key.startswith("index/acme/demo/") for key in gone)
    assert len(list(documents.iterdir())) == 1
    registry.verify("acme/demo@1.0.0")


async def test_lost_staging_is_a_rejection_that_says_so(
    acme: AsgiClient, registry: Registry
) -> None:
    taken = (await acme.upload(PUBLISH, make_skill("acme", "demo"))).json()
    (registry.staging / staging_key(taken["sha256"])).unlink()
    await registry.work()
    status = (await acme.get("/v1/packages/acme/demo/1.0.0/status")).json()
    assert status["state"] == "rejected"
    assert status["findings"][0]["rule"] == "upload-lost"


async def test_a_version_whose_job_vanished_is_swept_up(
    acme: AsgiClient, registry: Registry
) -> None:
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    registry.sql("DELETE FROM procrastinate_jobs")
    container = registry.worker()
    async with container.queue.open_async():
        assert await sweep(container) == 0
        registry.sql("UPDATE vetting_jobs SET created_at = now() - interval '1 hour'")
        assert await sweep(container) == 1
        assert await sweep(container) == 0
    await container.close()
    assert registry.sql("SELECT task_name, status FROM procrastinate_jobs") == [(ADVANCE, "todo")]


async def test_the_job_of_a_silent_worker_is_ended(acme: AsgiClient, registry: Registry) -> None:
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    registry.sql(
        "WITH w AS (INSERT INTO procrastinate_workers (last_heartbeat) "
        "VALUES (now() - interval '1 hour') RETURNING id) "
        "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM w)"
    )
    await registry.work()
    assert registry.sql("SELECT state FROM versions") == [("published",)]
    stuck = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s"
    assert registry.sql(stuck, ADVANCE) == [(0,)]


class Away:
    """A store that does not answer."""

    uri = "file:///away"

    def __getattr__(self, name: str) -> object:
        async def refuse(*_: object, **__: object) -> None:
            raise StorageUnavailable("The store does not answer.")

        return refuse


async def test_a_failure_is_counted_and_tried_later(acme: AsgiClient, registry: Registry) -> None:
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    container = dataclasses.replace(registry.worker(), staging=Away())
    pipeline = Pipeline(container)
    register(container, pipeline)
    number = registry.sql("SELECT id FROM versions")[0][0]
    with pytest.raises(StorageUnavailable):
        await guarded(container, pipeline, number)
    await container.close()
    facts = registry.sql("SELECT attempts, last_error, next_attempt_at > now() FROM vetting_jobs")
    assert (facts[0][0], facts[0][2]) == (1, True)
    assert "does not answer" in facts[0][1]
    await registry.work()
    assert registry.sql("SELECT state FROM versions") == [("published",)]


async def test_with_an_offline_root_publish_waits_for_the_ceremony(blank: Registry) -> None:
    environment = blank.worker_environment()
    container = blank.worker()
    root = container.keys.required("root")
    offline = dataclasses.replace(container, keys=dataclasses.replace(container.keys, root=None))
    await Pipeline(offline).settle()
    api = blank.api()
    acme = await signed_up(client_of(api))
    refused = await acme.upload(PUBLISH, make_skill("acme", "demo"))
    assert refused.status == 503
    assert "skreg pki status" in refused.json()["detail"]

    granted = ceremony.grant(ceremony.request(offline.keys), root, utc_now())
    async with writing(container.pool) as connection:
        await pki.save(connection, pki.GRANT, grant_to_bytes(granted))
    await Pipeline(offline).settle()
    assert (await acme.upload(PUBLISH, make_skill("acme", "demo"))).status == 202
    await container.close()
    await api.close()
    assert "ROOT_KEY_URI" in environment


async def test_the_well_known_file_says_where_everything_is(registry: Registry) -> None:
    known = json.loads((registry.storage / ".well-known" / "skreg.json").read_bytes())
    assert known["api_url"] == "http://registry.test"
    assert known["read_urls"] == ["http://registry.test"]
    assert known["root_fingerprints"][0].startswith("sha256:")
    assert (registry.storage / "trust" / "1.json").exists()


async def test_an_old_timestamp_put_back_into_the_store_drops_nothing(
    acme: AsgiClient, registry: Registry
) -> None:
    timestamp = registry.storage / "index" / "timestamp"
    await registry.work()
    old = timestamp.read_bytes()
    for name in ("demo", "other"):
        await acme.upload(f"/v1/packages/acme/{name}/publish", make_skill("acme", name))
        await registry.work()
        timestamp.write_bytes(old)
    await acme.upload("/v1/packages/acme/third/publish", make_skill("acme", "third"))
    await registry.work()
    for name in ("demo", "other", "third"):
        assert registry.verify(f"acme/{name}@1.0.0").version.version == "1.0.0"
