"""OWASP API6:2023, unrestricted access to sensitive business flows.

Publishing, withdrawing and handing over are what others rely on: none of them may be raced, run
twice, or used to take something away from people who have it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from skreg.bootstrap import ApiContainer, utc_now
from support.asgi import Answer, AsgiClient
from support.registry import PASSWORD, Registry, client_of, signed_up
from support.skills import make_skill

DEMO = "/v1/packages/acme/demo"


async def publish(
    client: AsgiClient, registry: Registry, ns: str, name: str, **made: object
) -> None:
    data = make_skill(ns, name, **made)  # type: ignore[arg-type]
    assert (await client.upload(f"/v1/packages/{ns}/{name}/publish", data)).status == 202
    await registry.work()


async def unpublish(client: AsgiClient, version: str = "1.0.0") -> Answer:
    return await client.request("DELETE", f"{DEMO}/{version}")


async def aged(container: ApiContainer, hours: int) -> AsgiClient:
    """The owner, some hours later."""
    later = dataclasses.replace(container, clock=lambda: utc_now() + timedelta(hours=hours))
    client = client_of(later)
    body = {"username": "acme", "password": PASSWORD}
    session = await client.post("/v1/auth/login", body)
    return client.with_token(session.json()["access_token"])


def entries(registry: Registry) -> Counter[str]:
    return Counter(kind for (kind,) in registry.sql("SELECT kind FROM log_entries"))


@pytest_asyncio.fixture
async def umbrella(client: AsgiClient, acme: AsgiClient) -> AsgiClient:
    return await signed_up(client, "umbrella")


async def test_publishers_that_race_leave_one_version_and_no_orphan(
    acme: AsgiClient, registry: Registry
) -> None:
    archives = [
        make_skill("acme", "demo", files={"docs/n.md": str(number).encode()})
        for number in range(40)
    ]
    answers = await asyncio.gather(*(acme.upload(f"{DEMO}/publish", one) for one in archives))
    assert Counter(one.status for one in answers) == {202: 1, 409: 39}
    await registry.work()
    assert registry.sql("SELECT state FROM versions") == [("published",)]
    assert len(list(registry.storage.rglob("*.skill"))) == 1


async def test_a_version_that_others_build_on_is_not_pulled_away(
    container: ApiContainer, acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    """The left-pad case: after three days what others need stays, whoever owns it."""
    await publish(acme, registry, "acme", "demo")
    await publish(umbrella, registry, "umbrella", "app", dependencies={"acme/demo": "^1.0.0"})
    owner = await aged(container, 73)
    refused = await unpublish(owner)
    assert refused.status == 409
    assert "umbrella/app depends on it" in refused.json()["detail"]
    assert registry.verify("acme/demo@1.0.0")
    yanked = await owner.post(f"{DEMO}/1.0.0/yank", {"reason": "sunset"})
    assert yanked.status == 200, "what is left: nobody new gets it, whoever has it keeps it"


async def test_own_packages_do_not_protect_a_version(
    container: ApiContainer, acme: AsgiClient, registry: Registry
) -> None:
    """Nor does a range that takes other versions, or a dependent that is gone itself."""
    await publish(acme, registry, "acme", "demo")
    await publish(acme, registry, "acme", "other", dependencies={"acme/demo": "^2"})
    await publish(acme, registry, "acme", "gone", dependencies={"acme/demo": "*"})
    await acme.post("/v1/packages/acme/gone/1.0.0/yank", {})
    assert (await unpublish(await aged(container, 73))).status == 200


async def test_withdrawing_at_the_same_time_is_one_withdrawal(
    acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "acme", "demo")
    answers = await asyncio.gather(*(unpublish(acme) for _ in range(10)))
    assert {one.status for one in answers} == {200}
    await registry.work()
    assert entries(registry)["withdraw"] == 1
    assert registry.sql("SELECT count(*) FROM audit WHERE action = 'unpublished'") == [(1,)]


async def test_yank_and_withdraw_at_the_same_time_agree(
    acme: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "acme", "demo")
    calls = [unpublish(acme)]
    calls += [acme.post(f"{DEMO}/1.0.0/{verb}", {}) for verb in ("yank", "unyank") * 3]
    answers = await asyncio.gather(*calls)
    assert {one.status for one in answers} <= {200, 409}
    await registry.work()
    assert registry.sql("SELECT state FROM versions") == [("withdrawn",)]
    found = registry.sql("SELECT entry FROM log_entries WHERE version_id > 0 ORDER BY index")
    assert json.loads(found[-1][0])["type"] == "withdraw", "nothing follows it"
    assert list(registry.storage.rglob("*.skill")) == []


async def test_a_freed_number_is_not_sold_again(acme: AsgiClient, registry: Registry) -> None:
    """Publish, withdraw, publish other bytes under the number people have in their locks."""
    await publish(acme, registry, "acme", "demo")
    await unpublish(acme)
    evil = make_skill("acme", "demo", files={"docs/evil.md": b"x"})
    assert (await acme.upload(f"{DEMO}/publish", evil)).status == 409
    again = await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo"))
    assert again.json()["state"] == "withdrawn"
    await registry.work()
    assert list(registry.storage.rglob("*.skill")) == []


async def test_a_transfer_is_accepted_once(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "acme", "demo")
    made = await acme.post(f"{DEMO}/transfer", {"to_namespace": "umbrella"})
    where = f"/v1/transfers/{made.json()['id']}/accept"
    answers = await asyncio.gather(*(umbrella.post(where) for _ in range(8)))
    assert Counter(one.status for one in answers) == {200: 1, 404: 7}
    await registry.work()
    assert entries(registry)["transfer"] == 1


async def test_two_offers_at_once_are_one(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "acme", "demo")
    offers = (acme.post(f"{DEMO}/transfer", {"to_namespace": "umbrella"}) for _ in range(8))
    answers = await asyncio.gather(*offers)
    assert Counter(one.status for one in answers) == {202: 1, 409: 7}


async def test_a_package_cannot_be_forced_on_anybody(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    await publish(acme, registry, "acme", "demo")
    await acme.post(f"{DEMO}/transfer", {"to_namespace": "umbrella"})
    await registry.work()
    assert registry.sql("SELECT count(*) FROM packages") == [(1,)]
    assert entries(registry)["transfer"] == 0


async def test_an_old_name_is_not_free_for_somebody_else(
    acme: AsgiClient, umbrella: AsgiClient, registry: Registry
) -> None:
    """Repo-jacking: nobody takes the name that people still type."""
    await publish(acme, registry, "acme", "demo")
    made = await acme.post(f"{DEMO}/transfer", {"to_namespace": "umbrella"})
    await umbrella.post(f"/v1/transfers/{made.json()['id']}/accept")
    fresh = await acme.upload(f"{DEMO}/publish", make_skill("acme", "demo", "6.6.6"))
    assert fresh.status == 409
    body = {"to_namespace": "acme", "to_name": "demo"}
    await publish(acme, registry, "acme", "evil")
    over = await acme.post("/v1/packages/acme/evil/transfer", body)
    assert over.status == 409


@pytest.mark.parametrize("verb", ["yank", "deprecate"])
async def test_a_loop_of_changes_signs_few_documents(
    acme: AsgiClient, registry: Registry, verb: str
) -> None:
    """Signatures cost money: changes are batched, and what changes nothing signs nothing."""
    await publish(acme, registry, "acme", "demo")
    before = registry.sql("SELECT sequence FROM index_documents")[0][0]
    for number in range(10):
        body = {"message": f"m{number}"} if verb == "deprecate" else {"reason": "r"}
        assert (await acme.post(f"{DEMO}/1.0.0/{verb}", body)).status == 200
    await registry.work()
    after = registry.sql("SELECT sequence FROM index_documents")[0][0]
    assert after == before + 1


async def test_tags_cannot_lead_to_what_was_taken_down(
    client: AsgiClient, acme: AsgiClient, registry: Registry, tmp_path: Path
) -> None:
    await publish(acme, registry, "acme", "demo")
    await publish(acme, registry, "acme", "demo", version="2.0.0")
    body = json.dumps({"version": "1.0.0"}).encode()
    sent = {"content-type": "application/json"}
    tag = f"{DEMO}/dist-tags/latest"
    assert (await acme.request("PUT", tag, body=body, headers=sent)).status == 200
    await unpublish(acme)
    assert (await acme.request("PUT", tag, body=body, headers=sent)).status == 409
    assert (await acme.get(DEMO)).json()["dist_tags"] == {"latest": "2.0.0"}
