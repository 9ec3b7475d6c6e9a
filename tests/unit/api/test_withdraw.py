"""Unpublish and takedown: who may, when, and what is left of a version."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from skillpkg.errors import NotFound
from skillpkg.package_ref import PackageRef
from skreg.bootstrap import ApiContainer, utc_now
from skreg.errors import StorageUnavailable, Unavailable
from skreg.publish.pipeline_withdraw import withdraw_waiting
from support.asgi import Answer, AsgiClient
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill

DEMO = "/v1/packages/acme/demo"
ADMIN = "/v1/admin/packages/acme/demo"


class RecordingCdn:
    """Keeps what it was told; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.paths: list[str] = []
        self.failures = failures

    async def invalidate(self, paths: Sequence[str]) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable("The CDN is away.")
        self.paths += paths


async def publish(client: AsgiClient, registry: Registry, version: str = "1.0.0") -> None:
    data = make_skill("acme", "demo", version)
    assert (await client.upload(f"{DEMO}/publish", data)).status == 202
    await registry.work()


async def unpublish(client: AsgiClient, version: str = "1.0.0", reason: str = "") -> Answer:
    body = json.dumps({"reason": reason}).encode()
    sent = {"content-type": "application/json"}
    return await client.request("DELETE", f"{DEMO}/{version}", body=body, headers=sent)


def archives(registry: Registry) -> list[Path]:
    return list(registry.storage.rglob("*.skill"))


def entries(registry: Registry) -> list[str]:
    return [kind for (kind,) in registry.sql("SELECT kind FROM log_entries WHERE version_id > 0")]


def later(container: ApiContainer, **by: int) -> AsgiClient:
    return client_of(dataclasses.replace(container, clock=lambda: utc_now() + timedelta(**by)))


async def admin_of(client: AsgiClient, registry: Registry) -> AsgiClient:
    admin = await signed_up(client, "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    return admin


async def test_an_owner_takes_a_fresh_version_away(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry)
    await publish(acme, registry, "1.1.0")
    answer = await unpublish(acme, "1.1.0", "wrong file")
    assert (answer.status, answer.json()["state"]) == (200, "withdrawn")
    await registry.work()
    index = registry.verifier().open_index(PackageRef.parse("acme/demo"))
    assert index.versions["1.1.0"].state == "withdrawn"
    assert index.dist_tags == {"latest": "1.0.0"}
    with pytest.raises(NotFound, match="withdrawn"):
        registry.verify("acme/demo@1.1.0")
    assert registry.verify("acme/demo@1.0.0")
    assert [path.parent.name for path in archives(registry)] == ["1.0.0"]
    assert len(list(registry.storage.rglob("*.release"))) == 2, "the record stays as evidence"
    assert entries(registry) == ["publish", "publish", "withdraw"]
    assert len(list(registry.staging.rglob("*.skill"))) == 1, "nor does staging keep it"
    gone = await acme.get(f"{DEMO}/1.1.0/download")
    assert gone.status == 410


async def test_doing_it_again_logs_nothing(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry)
    assert (await unpublish(acme)).status == 200
    assert (await unpublish(acme)).status == 200
    await registry.work()
    assert entries(registry) == ["publish", "withdraw"]


async def test_the_number_stays_taken(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry)
    await unpublish(acme)
    await registry.work()
    same = await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo"))
    assert (same.status, same.json()["state"]) == (200, "withdrawn")
    other = await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo", files={"a.md": b"x"}))
    assert other.status == 409
    await registry.work()
    assert archives(registry) == []
    assert (await acme.post(f"{DEMO}/1.0.0/unyank")).status == 409


async def test_after_72_hours_only_what_nobody_uses(
    container: ApiContainer, acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    await publish(acme, registry, "2.0.0")
    user = make_skill("acme", "user", dependencies={"acme/demo": "^1"})
    assert (await acme.upload("/v1/packages/acme/user/publish", user)).status == 202
    await registry.work()
    old = later(container, hours=73).with_token(acme.token or "")
    old.token = await _session(old)
    used = await unpublish(old, "1.0.0")
    assert used.status == 409
    assert "acme/user depends on it" in used.json()["detail"]
    assert (await unpublish(old, "2.0.0")).status == 200


async def _session(client: AsgiClient) -> str:
    from support.registry import PASSWORD

    found = await client.post("/v1/auth/login", {"username": "acme", "password": PASSWORD})
    token: str = found.json()["access_token"]
    return token


async def test_after_72_hours_not_what_was_downloaded_often(
    container: ApiContainer, acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    registry.sql("INSERT INTO download_counts SELECT id, current_date, 250 FROM versions")
    registry.sql("INSERT INTO download_days SELECT id, current_date, 101 FROM packages")
    old = later(container, hours=73)
    old.token = await _session(old)
    refused = await unpublish(old)
    assert refused.status == 409
    assert "101 times" in refused.json()["detail"]
    registry.sql("UPDATE download_days SET addresses = 100")
    assert (await unpublish(old)).status == 200


async def test_one_address_does_not_make_a_version_one_that_is_used(
    container: ApiContainer, acme: AsgiClient, registry: Registry
) -> None:
    """A stranger who fetches it over and over takes nothing from its owner."""
    await publish(acme, registry)
    ((number,),) = registry.sql("SELECT id FROM versions")
    for _ in range(500):
        container.downloads.add(number, "192.0.2.1")
    await container.downloads.flush()
    old = later(container, hours=73)
    old.token = await _session(old)
    assert (await unpublish(old)).status == 200


async def test_webhooks_are_told_of_what_is_gone(
    client: AsgiClient, acme: AsgiClient, registry: Registry
) -> None:
    registry.sql(
        "INSERT INTO webhooks (id, url, events, sealing, sealed)"
        " VALUES ('h', 'https://a.example/', '{version.withdrawn}', '', '')"
    )
    await publish(acme, registry)
    await publish(acme, registry, "1.1.0")
    await unpublish(acme, "1.0.0", "wrong file")
    admin = await admin_of(client, registry)
    await admin.post(f"{ADMIN}/takedown", {"reason": "malware"})
    told = registry.sql("SELECT payload -> 'data' FROM webhook_deliveries ORDER BY id")
    assert told == [
        ({"subject": "acme/demo@1.0.0", "kind": "unpublished", "reason": "wrong file"},),
        ({"subject": "acme/demo@1.1.0", "kind": "takedown", "reason": "malware"},),
    ]


async def test_only_owners_and_only_what_is_published(
    client: AsgiClient, acme: AsgiClient, registry: Registry
) -> None:
    await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo"))
    assert (await unpublish(acme)).status == 409
    assert (await unpublish(acme, "9.0.0")).status == 404
    await registry.work()
    other = await signed_up(client, "mallory")
    assert (await unpublish(client)).status == 401
    assert (await unpublish(other)).status == 403


async def test_a_takedown_asks_nobody(
    client: AsgiClient, acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    registry.sql("INSERT INTO download_counts SELECT id, current_date, 1000 FROM versions")
    admin = await admin_of(client, registry)
    body = {"reason": "malware"}
    assert (await acme.post(f"{ADMIN}/1.0.0/takedown", body)).status == 403
    assert (await admin.post(f"{ADMIN}/1.0.0/takedown", {})).status == 422
    assert (await admin.post(f"{ADMIN}/2.0.0/takedown", body)).status == 404
    assert (await admin.post("/v1/admin/packages/acme/no/takedown", body)).status == 404
    taken = await admin.post(f"{ADMIN}/1.0.0/takedown", body)
    assert (taken.status, taken.json()["versions"]) == (200, ["1.0.0"])
    assert (await admin.post(f"{ADMIN}/1.0.0/takedown", body)).json()["versions"] == []
    await registry.work()
    assert archives(registry) == []
    assert entries(registry) == ["publish", "withdraw"]
    said = registry.sql("SELECT details FROM audit WHERE action = 'takedown'")
    assert said == [({"reason": "malware", "staff": True},)]
    assert (await acme.get("/v1/search?q=demo")).json()["total"] == 0


async def test_a_whole_package_is_taken_down(
    client: AsgiClient, acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    await publish(acme, registry, "1.1.0")
    await acme.post(f"{DEMO}/1.1.0/yank", {})
    admin = await admin_of(client, registry)
    taken = await admin.post(f"{ADMIN}/takedown", {"reason": "court order"})
    assert taken.json()["versions"] == ["1.0.0", "1.1.0"]
    await registry.work()
    assert archives(registry) == []
    index = registry.verifier().open_index(PackageRef.parse("acme/demo"))
    assert {one.state for one in index.versions.values()} == {"withdrawn"}
    assert index.dist_tags == {}


async def test_the_cdn_is_told_until_it_has_understood(
    acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "1.0.0+a.1")
    (archive,) = archives(registry)
    await unpublish(acme, "1.0.0%2Ba.1")
    cdn = RecordingCdn(failures=1)
    worker = registry.worker(cdn=cdn)
    assert await withdraw_waiting(worker) == 0
    assert not archive.exists(), "the store does not wait for the CDN"
    error = registry.sql("SELECT attempts, last_error, removed_at IS NOT NULL FROM withdrawals")
    assert error == [(1, "The CDN is away.", True)]
    assert await withdraw_waiting(worker) == 0, "not before its time"
    registry.sql("UPDATE withdrawals SET next_attempt_at = now()")
    assert await withdraw_waiting(worker) == 1
    assert await withdraw_waiting(worker) == 0
    path = "/" + str(archive.relative_to(registry.storage))
    assert cdn.paths == [path, path.replace("+", "%2B")]
    await worker.close()


async def test_a_store_that_is_away_is_asked_again(
    acme: AsgiClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(acme, registry)
    await unpublish(acme)
    worker = registry.worker()

    async def away(key: str) -> None:
        raise StorageUnavailable("The store is away.")

    with monkeypatch.context() as patched:
        patched.setattr(worker.storage, "delete", away)
        assert await withdraw_waiting(worker) == 0
    registry.sql("UPDATE withdrawals SET next_attempt_at = now()")
    assert await withdraw_waiting(worker) == 1
    assert archives(registry) == []
    await worker.close()
