"""Webhooks that are switched off: when, who is told, what becomes of what waits, and on again."""

from __future__ import annotations

import pytest

from skreg.bootstrap import ApiContainer
from skreg.publish.webhooks import ATTEMPTS
from skreg.publish.webhooks_off import FAILING, FEWEST_DEAD, OWN_FAULTS
from support.accounts import FakeMail
from support.asgi import AsgiClient
from support.receiving import PLACE, URL, Receiver, hooked, publish, sealing, work
from support.registry import Registry

EVENTS = ["version.yanked", "version.unyanked"]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


async def published(
    container: ApiContainer, registry: Registry, receiver: Receiver
) -> tuple[AsgiClient, str]:
    """A webhook of yanks, and a version that can be yanked; nothing is sent yet."""
    acme, hook = await hooked(sealing(container), EVENTS)
    registry.sql("UPDATE accounts SET email = 'acme@example.org'")
    await publish(acme)
    await work(registry, receiver)
    assert receiver.got == []
    return acme, str(hook["id"])


async def yank(acme: AsgiClient) -> None:
    """Two events."""
    assert (await acme.post("/v1/packages/acme/demo/1.0.0/yank", {})).status == 200
    assert (await acme.post("/v1/packages/acme/demo/1.0.0/unyank", {})).status == 200


async def is_off(acme: AsgiClient) -> bool:
    (hook,) = (await acme.get(PLACE)).json()["results"]
    return hook["disabled_at"] is not None


def died(registry: Registry, hook: str, count: int, ago: str, error: str = "TimeoutError") -> None:
    registry.sql(
        "INSERT INTO webhook_deliveries (webhook_id, event, payload, state, attempts, last_error,"
        " created_at, tried_at) SELECT %s, 'version.yanked', '{}', 'dead', 7, %s,"
        " now() - %s::interval, now() - %s::interval FROM generate_series(1, %s)",
        hook,
        error,
        ago,
        ago,
        count,
    )


async def one_more_dies(acme: AsgiClient, registry: Registry, receiver: Receiver) -> None:
    """The last attempt at two events fails."""
    await yank(acme)
    registry.sql(
        "UPDATE webhook_deliveries SET attempts = %s WHERE state = 'waiting'", ATTEMPTS - 1
    )
    receiver.answers = [503, 503]
    await work(registry, receiver)


def audited(registry: Registry) -> list[tuple[object, ...]]:
    return registry.sql(
        "SELECT action, subject, account_id IS NULL, details ->> 'id', details ->> 'reason'"
        " FROM audit WHERE action IN ('webhook-disabled', 'webhook-enabled') ORDER BY id"
    )


async def test_410_switches_off_at_once_and_what_waits_is_a_dead_letter(
    container: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, hook = await published(container, registry, receiver)
    mail = FakeMail()
    receiver.answers = [500, 500, 410]
    await yank(acme)
    await work(registry, receiver)
    assert not await is_off(acme), "500 may pass"
    await work(registry, receiver, mail=mail)
    assert await is_off(acme)
    assert len(receiver.got) in (3, 4), "the other one was under way, or was not sent any more"
    listed = (await acme.get(f"{PLACE}/{hook}/deliveries")).json()["results"]
    states = {item["state"] for item in listed}
    assert "waiting" not in states
    assert "dead" in states
    reason = "its receiver answered 410 Gone"
    assert audited(registry) == [("webhook-disabled", "acme", True, hook, reason)]
    ((to, subject, text),) = mail.sent
    assert (to, subject) == ("acme@example.org", "A webhook was switched off")
    assert reason in text
    assert f"http://registry.test{PLACE}/{hook}/enable" in text
    assert URL not in text, "an address may hold a secret"


async def test_what_waited_is_not_sent_and_can_be_sent_by_hand(
    container: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, hook = await published(container, registry, receiver)
    await yank(acme)
    registry.sql("UPDATE webhooks SET disabled_at = now()")
    await work(registry, receiver)
    place = f"{PLACE}/{hook}/deliveries"
    dead = (await acme.get(f"{place}?state=dead")).json()["results"]
    assert [(item["attempts"], item["last_error"]) for item in dead] == [
        (0, "its webhook was switched off")
    ] * 2
    await yank(acme)
    retry = f"{place}/{dead[0]['id']}/retry"
    refused = await acme.post(retry)
    assert (refused.status, "switched off" in refused.json()["detail"]) == (409, True)
    enabled = await acme.post(f"{PLACE}/{hook}/enable")
    assert (enabled.status, enabled.json()["disabled_at"]) == (200, None)
    assert (await acme.post(f"{PLACE}/{hook}/enable")).status == 200
    await work(registry, receiver)
    assert receiver.got == [], "neither what waited nor what happened meanwhile"
    assert (await acme.post(retry)).status == 202
    await work(registry, receiver)
    assert receiver.types == ["version.unyanked"]
    assert [line[0] for line in audited(registry)] == ["webhook-enabled"], "once"


async def test_a_receiver_that_failed_for_days_is_switched_off(
    container: ApiContainer, registry: Registry, receiver: Receiver
) -> None:
    acme, hook = await published(container, registry, receiver)
    died(registry, hook, FEWEST_DEAD - 1, f"{FAILING.days} days")
    await one_more_dies(acme, registry, receiver)
    assert await is_off(acme)
    ((action, _, _, _, reason),) = audited(registry)
    assert action == "webhook-disabled"
    assert str(reason).startswith(f"at least {FEWEST_DEAD} deliveries died in {FAILING.days} days")
    assert (await acme.post(f"{PLACE}/{hook}/enable")).status == 200
    await one_more_dies(acme, registry, receiver)
    assert not await is_off(acme), "what died before it was switched on does not count"


@pytest.mark.parametrize("why", ["few", "short", "arrived", *OWN_FAULTS])
async def test_what_does_not_switch_off(
    container: ApiContainer, registry: Registry, receiver: Receiver, why: str
) -> None:
    acme, hook = await published(container, registry, receiver)
    count = FEWEST_DEAD - 3 if why == "few" else FEWEST_DEAD
    ago = "4 days 23 hours" if why == "short" else "6 days"
    died(registry, hook, count, ago, why if why in OWN_FAULTS else "TimeoutError")
    if why == "arrived":
        died(registry, hook, 1, "2 days")
        registry.sql(
            "UPDATE webhook_deliveries SET state = 'delivered'"
            " WHERE tried_at > now() - interval '3 days'"
        )
    await one_more_dies(acme, registry, receiver)
    assert not await is_off(acme)
    assert audited(registry) == []


@pytest.mark.parametrize("why", ["no address", "hook broken", "account disabled"])
async def test_nobody_is_told_and_it_is_off_all_the_same(
    container: ApiContainer, registry: Registry, receiver: Receiver, why: str
) -> None:
    acme, _ = await published(container, registry, receiver)
    await yank(acme)
    if why == "no address":
        registry.sql("UPDATE accounts SET email = NULL")
    if why == "account disabled":
        registry.sql("UPDATE accounts SET disabled_at = now()")
    mail = FakeMail(is_broken=why == "hook broken")
    receiver.answers = [410, 410]
    await work(registry, receiver, mail=mail)
    assert mail.sent == []
    assert registry.sql("SELECT disabled_at IS NULL FROM webhooks") == [(False,)]
