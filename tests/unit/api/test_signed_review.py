"""From a publisher's signature to its publication: long reviews, revocations, killed workers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from skreg.bootstrap import utc_now
from skreg.publish.vet.candidate import Candidate
from skreg.publish.vet.findings import Finding, Severity
from skreg.publish.vet.stages import STAGES
from support.asgi import AsgiClient
from support.killing import run_doomed_worker
from support.memory import FixedClock
from support.publisher import Publisher, certified
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill

DAY = timedelta(days=1)
CALLS = (*range(1, 44, 6), *range(44, 66), *range(66, 100, 2), *range(100, 400, 6))
"""Each call around the submission; fewer of the worker's start and of the steps of all versions."""
STATES = {"submitted", "uploaded", "vetting", "signed", "logged", "published"}


@pytest.fixture
def clock() -> FixedClock:
    """The worker's; the API goes by the present."""
    return FixedClock(utc_now().replace(microsecond=0))


@pytest.fixture
def somebody_must_look(monkeypatch: pytest.MonkeyPatch) -> None:
    async def suspicious(_: Candidate) -> Sequence[Finding]:
        return [Finding("looks-odd", "SKILL.md", "Somebody should look.", Severity.WARNING)]

    monkeypatch.setitem(STAGES, "suspicious", suspicious)


def archive(version: str = "1.0.0") -> bytes:
    return make_skill("acme", "demo", version)


def entries(registry: Registry, kind: str) -> list[dict[str, Any]]:
    rows = registry.sql("SELECT entry FROM log_entries WHERE kind = %s ORDER BY index", kind)
    return [json.loads(bytes(row[0])) for row in rows]


async def in_review(
    acme: AsgiClient, registry: Registry, clock: FixedClock
) -> tuple[Publisher, datetime]:
    """Publish with a leaf of one day; returns the publisher and when the log saw the signature."""
    publisher = await certified(acme, registry, days=1, clock=clock)
    assert (await publisher.publish(archive())).status == 202
    await registry.work(clock)
    assert registry.sql("SELECT state FROM versions") == [("quarantined",)]
    (submitted,) = entries(registry, "submitted")
    assert entries(registry, "publish") == []
    return publisher, datetime.fromisoformat(submitted["time"])


async def released(acme: AsgiClient, registry: Registry, clock: FixedClock) -> str:
    boss = await signed_up(acme, "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    body = {"outcome": "released", "note": "Looked at."}
    answer = await boss.post("/v1/admin/reviews/acme/demo/1.0.0", body)
    assert answer.status == 200, answer.body
    await registry.work(clock)
    return str(registry.sql("SELECT state FROM versions")[0][0])


@pytest.mark.usefixtures("somebody_must_look")
async def test_a_leaf_that_expires_during_the_review(
    acme: AsgiClient, registry: Registry, clock: FixedClock
) -> None:
    _, submitted = await in_review(acme, registry, clock)
    clock.now += 40 * DAY
    assert await released(acme, registry, clock) == "published"
    found = registry.verify("acme/demo@1.0.0", clock)
    assert found.time == submitted
    assert found.signer.leaf.not_valid_after_utc < found.entry.time == clock.now
    assert found.signer.publisher_namespace == "acme"


@pytest.mark.usefixtures("somebody_must_look")
async def test_a_leaf_revoked_during_the_review(
    acme: AsgiClient, registry: Registry, clock: FixedClock
) -> None:
    """It was good when it signed; a date after the submission takes nothing back."""
    publisher, _ = await in_review(acme, registry, clock)
    clock.now += timedelta(hours=1)
    await publisher.revoke(reason="superseded")
    assert await released(acme, registry, clock) == "published"
    registry.verify("acme/demo@1.0.0", clock)


@pytest.mark.usefixtures("somebody_must_look")
async def test_a_key_compromised_during_the_review(
    acme: AsgiClient, registry: Registry, clock: FixedClock
) -> None:
    """Nobody knows since when: what no client would take is not published."""
    publisher, _ = await in_review(acme, registry, clock)
    clock.now += timedelta(hours=1)
    await publisher.revoke(reason="keyCompromise")
    await registry.work(clock)
    assert await released(acme, registry, clock) == "rejected"
    status = (await acme.get("/v1/packages/acme/demo/1.0.0/status")).json()
    assert "publisher-signature:revoked" in [one["rule"] for one in status["findings"]]
    assert entries(registry, "publish") == []


async def test_a_leaf_that_expires_before_the_worker_sees_it(
    acme: AsgiClient, registry: Registry, clock: FixedClock
) -> None:
    publisher = await certified(acme, registry, days=1, clock=clock)
    assert (await publisher.publish(archive())).status == 202
    clock.now += 2 * DAY
    await registry.work(clock)
    status = (await acme.get("/v1/packages/acme/demo/1.0.0/status")).json()
    assert status["state"] == "rejected"
    assert [one["rule"] for one in status["findings"]] == ["publisher-signature:chain-time"]
    assert entries(registry, "submitted") == []


async def test_the_worker_believes_no_row(acme: AsgiClient, registry: Registry) -> None:
    """Whoever can write the database cannot have another signature logged or published."""
    publisher = await certified(acme, registry)
    assert (await publisher.publish(archive())).status == 202
    other = publisher.sign(b"other bytes")
    registry.sql("UPDATE versions SET signature = %s", other)
    await registry.work()
    status = (await acme.get("/v1/packages/acme/demo/1.0.0/status")).json()
    assert [one["rule"] for one in status["findings"]] == ["publisher-signature:signature"]
    assert entries(registry, "submitted") == []


@pytest.mark.timeout(400)
def test_a_worker_killed_anywhere_logs_each_submission_once(registry: Registry) -> None:
    publisher = asyncio.run(_certified(registry))
    seen = set()
    for calls in CALLS:
        version = f"1.0.{calls}"
        asyncio.run(_publish(registry, publisher, version))
        died = run_doomed_worker(registry, calls)
        seen.add(registry.sql("SELECT state FROM versions WHERE version = %s", version)[0][0])
        asyncio.run(registry.work())
        _check(registry, version)
        if not died:
            break
    else:
        pytest.fail("the worker never got through")
    assert seen == STATES


def _check(registry: Registry, version: str) -> None:
    found = registry.sql(
        "SELECT kind FROM log_entries e JOIN versions v ON v.id = e.version_id"
        " WHERE v.version = %s ORDER BY e.index",
        version,
    )
    assert found == [("submitted",), ("publish",)]
    assert registry.verify(f"acme/demo@{version}").signer.publisher_namespace == "acme"


async def _certified(registry: Registry) -> Publisher:
    container = registry.api()
    try:
        return await certified(await signed_up(client_of(container)), registry)
    finally:
        await container.close()


async def _publish(registry: Registry, publisher: Publisher, version: str) -> None:
    container = registry.api()
    client = AsgiClient(client_of(container).app, publisher.client.token)
    answer = await replace(publisher, client=client).publish(archive(version))
    await container.close()
    assert answer.status == 202, answer.body
