"""Webhooks: who may make them, what is sent, how often, and what becomes of what is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from skreg.bootstrap import ApiContainer
from skreg.domain import hooks
from skreg.moderation_jobs import forget, sweep
from skreg.ports.hooks import HookRefused, HookUnreached
from skreg.publish.webhooks import ATTEMPTS
from support.asgi import AsgiClient
from support.receiving import PLACE, URL, Receiver, hooked, publish, sealing, work
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill


@pytest.fixture
def sealed(container: ApiContainer) -> ApiContainer:
    return sealing(container)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


async def test_an_event_is_sent_signed(
    sealed: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, hook = await hooked(sealed, ["version.published", "version.yanked", "version.unyanked"])
    await publish(acme)
    await work(registry, receiver)
    await acme.post("/v1/packages/acme/demo/1.0.0/yank", {"reason": "broken"})
    await acme.post("/v1/packages/acme/demo/1.0.0/unyank", {})
    await work(registry, receiver)
    assert receiver.types == ["version.published", "version.yanked", "version.unyanked"]
    url, body, headers = receiver.got[1]
    assert url == URL
    assert json.loads(body)["data"] == {"subject": "acme/demo@1.0.0", "reason": "broken"}
    secret = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    listed = (await acme.get(f"{PLACE}/{hook['id']}/deliveries")).json()["results"]
    assert [item["state"] for item in listed] == ["delivered"] * 3
    assert len({item["id"] for item in listed}) == 3


async def test_the_secret_is_shown_once_and_kept_sealed(
    sealed: ApiContainer, registry: Registry
) -> None:
    acme, hook = await hooked(sealed)
    listed = await acme.get(PLACE)
    assert hook["secret"].encode() not in listed.body
    assert [item["id"] for item in listed.json()["results"]] == [hook["id"]]
    raw = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    for row in registry.sql("SELECT sealed FROM webhooks"):
        assert raw not in row[0]
        assert hook["secret"].encode() not in row[0]


async def test_others_events_are_not_sent(
    sealed: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, _ = await hooked(sealed)
    globex = await signed_up(acme, "globex")
    data = make_skill("globex", "demo")
    assert (await globex.upload("/v1/packages/globex/demo/publish", data)).status == 202
    await work(registry, receiver)
    assert receiver.got == []
    for path in (PLACE, f"{PLACE}/x/deliveries"):
        assert (await globex.get(path)).status == 403
    assert (await globex.post(PLACE, {"url": URL, "events": ["version.yanked"]})).status == 403
    assert (await acme.get("/v1/admin/webhooks")).status == 403


async def test_a_refused_delivery_is_tried_again(
    sealed: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, hook = await hooked(sealed)
    receiver.answers = [500, HookUnreached("TimeoutError"), 302]
    await publish(acme)
    for _ in range(5):
        await work(registry, receiver)
    assert len(receiver.got) == 4, "once taken, it is not sent again"
    assert len({headers["webhook-id"] for _, _, headers in receiver.got}) == 1
    listed = (await acme.get(f"{PLACE}/{hook['id']}/deliveries")).json()["results"]
    assert (listed[0]["state"], listed[0]["attempts"]) == ("delivered", 4)


async def test_after_the_last_attempt_it_is_a_dead_letter(
    sealed: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, hook = await hooked(sealed)
    receiver.answers = [503] * ATTEMPTS
    await publish(acme)
    for _ in range(ATTEMPTS + 2):
        await work(registry, receiver)
    assert len(receiver.got) == ATTEMPTS
    place = f"{PLACE}/{hook['id']}/deliveries"
    dead = (await acme.get(f"{place}?state=dead")).json()["results"]
    assert [(item["last_status"], item["last_error"]) for item in dead] == [
        (503, "it answered 503")
    ]
    retry = f"{place}/{dead[0]['id']}/retry"
    assert (await acme.post(retry)).status == 202
    assert (await acme.post(retry)).status == 409
    await work(registry, receiver)
    assert (await acme.get(f"{place}?state=dead")).json()["results"] == []
    assert (await acme.get(f"{place}?state=delivered")).json()["results"][0]["id"] == dead[0]["id"]


@pytest.mark.parametrize("answer", [410, HookRefused("its address is not public")])
async def test_what_will_never_work_is_dead_at_once(
    sealed: ApiContainer, registry: Registry, receiver: Receiver, answer: int | Exception
) -> None:
    acme, hook = await hooked(sealed)
    receiver.answers = [answer]
    await publish(acme)
    await work(registry, receiver)
    await work(registry, receiver)
    assert len(receiver.got) == 1
    found = (await acme.get(f"{PLACE}/{hook['id']}/deliveries")).json()["results"]
    assert found[0]["state"] == "dead"


@pytest.mark.parametrize("key", [None, "another sealing key of 32 characters and more"])
async def test_without_the_key_nothing_is_sent_and_nothing_is_lost(
    sealed: ApiContainer, registry: Registry, receiver: Receiver, key: str | None
) -> None:
    acme, _ = await hooked(sealed)
    await publish(acme)
    await work(registry, receiver, key)
    assert receiver.got == []
    await work(registry, receiver)
    assert receiver.types == ["version.published"]


async def test_a_lost_job_is_swept_up(
    sealed: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, _ = await hooked(sealed, ["version.yanked"])
    await publish(acme)
    await work(registry, receiver)
    await acme.post("/v1/packages/acme/demo/1.0.0/yank", {})
    registry.sql("DELETE FROM procrastinate_jobs WHERE task_name = 'skreg.deliver'")
    registry.sql("UPDATE webhook_deliveries SET created_at = now() - interval '2 minutes'")
    container = registry.worker()
    await sweep(container)
    await forget(container)
    await container.close()
    await work(registry, receiver)
    assert receiver.types == ["version.yanked"]


async def test_a_removed_webhook_gets_nothing(
    sealed: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, hook = await hooked(sealed)
    await publish(acme)
    assert (await acme.request("DELETE", f"{PLACE}/{hook['id']}")).status == 204
    assert (await acme.request("DELETE", f"{PLACE}/{hook['id']}")).status == 404
    await work(registry, receiver)
    assert receiver.got == []


async def test_the_registrys_webhook_hears_of_everybody(
    sealed: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme = await signed_up(client_of(sealed))
    boss = await signed_up(acme, "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    events = ["version.published", "report.created"]
    assert (await boss.post("/v1/admin/webhooks", {"url": URL, "events": events})).status == 201
    refused = await acme.post(PLACE, {"url": URL, "events": ["report.created"]})
    assert refused.status == 422, "who reported what is for administrators"
    await publish(acme)
    await work(registry, receiver)
    body = {"kind": "spam", "message": "It is nothing but an advertisement."}
    await acme.post("/v1/packages/acme/demo/1.0.0/report", body)
    await work(registry, receiver)
    assert receiver.types == events


@pytest.mark.parametrize(
    "body",
    [
        {"url": "http://hooks.example.com/", "events": ["version.yanked"]},
        {"url": "https://user:secret@hooks.example.com/", "events": ["version.yanked"]},
        {"url": "https:///path", "events": ["version.yanked"]},
        {"url": "https://[", "events": ["version.yanked"]},
        {"url": "https://a.example/\x00", "events": ["version.yanked"]},
        {"url": "https://a.example:0/", "events": ["version.yanked"]},
        {"url": "file:///etc/passwd", "events": ["version.yanked"]},
        {"url": URL, "events": []},
        {"url": URL, "events": ["nonsense"]},
    ],
)
async def test_what_is_no_webhook(sealed: ApiContainer, body: dict[str, Any]) -> None:
    acme = await signed_up(client_of(sealed))
    assert (await acme.post(PLACE, body)).status == 422


async def test_without_a_sealing_key_there_are_none(acme: AsgiClient) -> None:
    answer = await acme.post(PLACE, {"url": URL, "events": ["version.yanked"]})
    assert answer.status == 503
    assert "WEBHOOK_SEALING_KEY" in answer.json()["detail"]


async def test_there_are_not_many(sealed: ApiContainer, monkeypatch: pytest.MonkeyPatch) -> None:
    from skreg.api.services import hooking

    monkeypatch.setattr(hooking, "AT_MOST", 1)
    acme, _ = await hooked(sealed)
    assert (await acme.post(PLACE, {"url": URL, "events": ["version.yanked"]})).status == 429


def test_plain_http_is_for_the_operators_networks() -> None:
    assert hooks.mistake_in("http://10.0.0.1/", plain_http=True) is None
    assert hooks.mistake_in("http://10.0.0.1/", plain_http=False) is not None
    assert hooks.mistake_in("https://a/" + "x" * 500, plain_http=False) is not None
