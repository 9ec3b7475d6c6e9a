"""Packages that go on under another name: rename at once, transfer when both sides agree."""

from __future__ import annotations

import json
from typing import Any

import pytest_asyncio

from skillpkg.package_ref import PackageRef
from support.asgi import Answer, AsgiClient
from support.registry import Registry, signed_up
from support.skills import make_skill

DEMO = "/v1/packages/acme/demo"


async def publish(
    client: AsgiClient, registry: Registry, ns: str = "acme", name: str = "demo", v: str = "1.0.0"
) -> Answer:
    data = make_skill(ns, name, v)
    answer = await client.upload(f"/v1/packages/{ns}/{name}/publish", data)
    await registry.work()
    return answer


async def offer(client: AsgiClient, to: str, name: str | None = None) -> Answer:
    body: dict[str, Any] = {"to_namespace": to}
    return await client.post(f"{DEMO}/transfer", body | ({"to_name": name} if name else {}))


async def delete(client: AsgiClient, path: str) -> Answer:
    return await client.request("DELETE", path)


def transfers(registry: Registry) -> list[dict[str, Any]]:
    found = registry.sql("SELECT entry FROM log_entries WHERE kind = 'transfer' ORDER BY index")
    return [json.loads(entry) for (entry,) in found]


def moved_to(registry: Registry, package: str) -> str | None:
    return registry.verifier().open_index(PackageRef.parse(package)).moved_to


@pytest_asyncio.fixture
async def umbrella(client: AsgiClient, acme: AsgiClient) -> AsgiClient:
    return await signed_up(client, "umbrella")


async def test_a_rename_is_done_at_once(acme: AsgiClient, registry: Registry) -> None:
    assert (await publish(acme, registry)).status == 202
    done = await offer(acme, "acme", "renamed")
    assert (done.status, done.json()) == (200, {"moved_to": "acme/renamed"})
    await registry.work()
    assert moved_to(registry, "acme/demo") == "acme/renamed"
    (entry,) = transfers(registry)
    assert (entry["name"], entry["to"], entry["to_name"], entry["seq"]) == (
        "demo",
        "acme",
        "renamed",
        2,
    )
    assert registry.verify("acme/demo@1.0.0"), "what is signed stays under its name"
    before = await acme.get(DEMO)
    assert (before.status, before.json()["moved_to"]) == (200, "acme/renamed")
    assert (await acme.get("/v1/search?q=demo")).json()["total"] == 1
    refused = await publish(acme, registry, v="1.1.0")
    assert refused.status == 409
    assert "acme/renamed" in refused.json()["detail"]


async def test_the_old_name_answers_with_the_new_one(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry)
    await offer(acme, "acme", "renamed")
    await publish(acme, registry, name="renamed", v="1.1.0")
    old = await acme.get(DEMO)
    assert (old.status, old.headers["location"]) == (308, "/v1/packages/acme/renamed")
    assert old.json() == {"moved_to": "acme/renamed"}
    newest = await acme.get(f"{DEMO}/latest")
    assert (newest.status, newest.headers["location"]) == (308, "/v1/packages/acme/renamed/latest")
    exact = await acme.get(f"{DEMO}/1.0.0")
    assert (exact.status, exact.json()["moved_to"]) == (200, "acme/renamed")
    found = (await acme.get("/v1/search")).json()["results"]
    assert [one["name"] for one in found] == ["renamed"]
    await acme.post(f"{DEMO}/1.0.0/yank", {})
    await registry.work()
    found = (await acme.get("/v1/search")).json()["results"]
    assert [one["name"] for one in found] == ["renamed"]


async def test_another_namespace_has_to_accept(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    made = await offer(acme, "umbrella")
    assert made.status == 202
    where = f"/v1/transfers/{made.json()['id']}"
    assert (await offer(acme, "umbrella")).status == 409, "one offer at a time"
    for side in (acme, umbrella):
        (seen,) = (await side.get("/v1/transfers")).json()
        assert (seen["to_namespace"], seen["to_name"], seen["asked_by"]) == (
            "umbrella",
            "demo",
            "acme",
        )
    assert (await acme.post(f"{where}/accept")).status == 403, "the giver cannot accept"
    assert (await umbrella.post(f"{where}/accept")).json() == {"moved_to": "umbrella/demo"}
    assert (await umbrella.post(f"{where}/accept")).status == 404
    await registry.work()
    assert moved_to(registry, "acme/demo") == "umbrella/demo"
    assert [(one["namespace"], one["to"]) for one in transfers(registry)] == [("acme", "umbrella")]
    assert (await publish(umbrella, registry, "umbrella", v="2.0.0")).status == 202
    assert (await publish(acme, registry, v="2.0.0")).status == 409
    assert moved_to(registry, "umbrella/demo") is None


async def test_an_offer_can_be_declined_and_taken_back(
    client: AsgiClient, acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    mallory = await signed_up(client, "mallory")
    for side in (acme, umbrella):
        where = f"/v1/transfers/{(await offer(acme, 'umbrella')).json()['id']}"
        assert (await mallory.get("/v1/transfers")).json() == []
        assert (await mallory.post(f"{where}/accept")).status == 404
        assert (await delete(mallory, where)).status == 404
        assert (await delete(side, where)).status == 204
        assert (await delete(side, where)).status == 404
    await registry.work()
    assert transfers(registry) == []
    assert (await acme.get(DEMO)).json()["moved_to"] is None


async def test_an_offer_ends(acme: AsgiClient, umbrella: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry)
    first = (await offer(acme, "umbrella")).json()["id"]
    registry.sql("UPDATE transfers SET expires_at = now()")
    assert (await umbrella.post(f"/v1/transfers/{first}/accept")).status == 404
    assert (await offer(acme, "umbrella")).status == 202


async def test_who_no_longer_owns_no_longer_gives(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    where = f"/v1/transfers/{(await offer(acme, 'umbrella')).json()['id']}/accept"
    registry.sql("UPDATE memberships SET role = 'publisher' FROM accounts WHERE id = account_id")
    registry.sql("UPDATE memberships SET role = 'owner' WHERE namespace_id = 2")
    assert (await umbrella.post(where)).status == 403


async def test_a_package_comes_back(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    where = f"/v1/transfers/{(await offer(acme, 'umbrella')).json()['id']}/accept"
    await umbrella.post(where)
    back = await umbrella.post("/v1/packages/umbrella/demo/transfer", {"to_namespace": "acme"})
    assert back.status == 202
    assert (await acme.post(f"/v1/transfers/{back.json()['id']}/accept")).status == 200
    assert (await publish(acme, registry, v="2.0.0")).status == 202
    assert moved_to(registry, "acme/demo") is None
    assert (await publish(umbrella, registry, "umbrella")).status == 409


async def test_old_names_lead_to_the_last_one(acme: AsgiClient, registry: Registry) -> None:
    await publish(acme, registry)
    await offer(acme, "acme", "second")
    await acme.post(
        "/v1/packages/acme/second/transfer", {"to_namespace": "acme", "to_name": "third"}
    )
    await registry.work()
    assert moved_to(registry, "acme/demo") == "acme/third"


async def test_what_a_name_may_not_be(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    await publish(acme, registry, name="hello")
    assert (await offer(acme, "acme", "he11o")).status == 409
    assert (await offer(acme, "acme", "hello")).status == 409
    assert (await offer(acme, "acme", "demo")).status == 409
    assert (await offer(acme, "acme", "con")).status == 422
    assert (await offer(acme, "acme", "-x")).status == 422
    assert (await offer(acme, "nowhere")).status == 404
    assert (await offer(umbrella, "umbrella")).status == 403
    where = "/v1/packages/acme/absent/transfer"
    assert (await acme.post(where, {"to_namespace": "umbrella"})).status == 404
    await publish(umbrella, registry, "umbrella", "demo")
    taken = (await offer(acme, "umbrella")).json()["id"]
    assert (await umbrella.post(f"/v1/transfers/{taken}/accept")).status == 409


async def test_whoever_could_read_it_still_can_and_nobody_else(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    registry.sql("UPDATE packages SET restricted = true")
    registry.sql("INSERT INTO package_readers SELECT 1, id FROM accounts WHERE username = 'acme'")
    await offer(acme, "acme", "renamed")
    found = registry.sql("SELECT restricted FROM packages WHERE name = 'renamed'")
    assert found == [(True,)]
    assert registry.sql("SELECT count(*) FROM package_readers") == [(2,)]


async def test_the_webhooks_of_both_sides_hear_of_a_move(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry)
    for hook, whose in (("a", "acme"), ("u", "umbrella"), ("r", None), ("o", "other")):
        registry.sql(
            "INSERT INTO webhooks (id, namespace_id, url, events, sealing, sealed) SELECT %s, n.id,"
            " 'https://a.example/', '{package.moved}', '', '' FROM (SELECT 1) AS one"
            " LEFT JOIN namespaces n ON n.name = %s WHERE n.id IS NOT NULL OR %s::text IS NULL",
            hook,
            whose,
            whose,
        )
    where = f"/v1/transfers/{(await offer(acme, 'umbrella')).json()['id']}/accept"
    assert registry.sql("SELECT count(*) FROM webhook_deliveries") == [(0,)], "it is an offer yet"
    assert (await umbrella.post(where)).status == 200
    told = registry.sql("SELECT webhook_id, payload FROM webhook_deliveries ORDER BY webhook_id")
    event = {
        "type": "package.moved",
        "data": {"subject": "acme/demo", "moved_to": "umbrella/demo"},
    }
    assert told == [("a", event), ("r", event), ("u", event)]
