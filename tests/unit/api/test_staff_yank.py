"""What the registry's staff yanks: its owners do not bring it back."""

from __future__ import annotations

import pytest

from support.asgi import AsgiClient
from support.registry import Registry, signed_up
from support.skills import make_skill

DEMO = "/v1/packages/acme/demo/1.0.0"
ADMIN = "/v1/admin/packages/acme/demo/1.0.0"
WHY = {"reason": "it sends tokens, case 18"}


async def published(acme: AsgiClient, registry: Registry) -> AsgiClient:
    """Publish acme/demo; returns an administrator."""
    data = make_skill("acme", "demo")
    assert (await acme.upload("/v1/packages/acme/demo/publish", data)).status == 202
    await registry.work()
    boss = await signed_up(acme, "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    return boss


def logged(registry: Registry) -> list[str]:
    return [kind for (kind,) in registry.sql("SELECT kind FROM log_entries WHERE version_id > 0")]


async def test_owners_do_not_bring_it_back(acme: AsgiClient, registry: Registry) -> None:
    boss = await published(acme, registry)
    done = await boss.post(f"{ADMIN}/yank", WHY)
    assert (done.status, done.json()["state"]) == (200, "yanked")
    refused = await acme.post(f"{DEMO}/unyank", {})
    assert refused.status == 403
    assert "case 18" in refused.json()["detail"]
    assert (await acme.post(f"{DEMO}/yank", {"reason": "mine"})).status == 200
    shown = (await acme.get(DEMO)).json()
    assert shown["yanked_reason"] == "By the registry: it sends tokens, case 18"
    back = await boss.post(f"{ADMIN}/unyank", {"reason": "a false alarm"})
    assert (back.status, back.json()["state"]) == (200, "published")
    assert (await acme.post(f"{DEMO}/yank", {})).status == 200
    assert (await acme.post(f"{DEMO}/unyank", {})).status == 200, "their own is their own"
    await registry.work()
    assert logged(registry) == ["publish", "yank", "unyank", "yank", "unyank"]
    staff = registry.sql("SELECT action FROM audit WHERE details ->> 'staff' = 'true' ORDER BY id")
    assert staff == [("yank",), ("unyank",)]


async def test_an_owners_yank_becomes_the_registrys(acme: AsgiClient, registry: Registry) -> None:
    boss = await published(acme, registry)
    await acme.post(f"{DEMO}/yank", {"reason": "broken"})
    assert (await boss.post(f"{ADMIN}/yank", WHY)).status == 200
    assert (await boss.post(f"{ADMIN}/yank", WHY)).status == 200
    assert (await acme.post(f"{DEMO}/unyank", {})).status == 403
    await registry.work()
    assert logged(registry) == ["publish", "yank"], "it was yanked before and after"


async def test_a_triaged_report_yanks_for_the_registry(
    acme: AsgiClient, registry: Registry
) -> None:
    boss = await published(acme, registry)
    body = {"kind": "malware", "message": "It sends tokens away."}
    report = (await boss.post(f"{DEMO}/report", body)).json()["id"]
    triage = {"confirmed": True, "note": "It does.", "yank": True}
    assert (await boss.post(f"/v1/admin/reports/{report}/triage", triage)).status == 200
    assert (await acme.post(f"{DEMO}/unyank", {})).status == 403


async def test_a_report_of_what_is_withdrawn_is_closed_all_the_same(
    acme: AsgiClient, registry: Registry
) -> None:
    boss = await published(acme, registry)
    body = {"kind": "malware", "message": "It sends tokens away."}
    report = (await boss.post(f"{DEMO}/report", body)).json()["id"]
    await boss.post(f"{ADMIN}/takedown", WHY)
    triage = {"confirmed": True, "note": "It does.", "yank": True}
    assert (await boss.post(f"/v1/admin/reports/{report}/triage", triage)).status == 200
    assert (await boss.post(f"{ADMIN}/yank", WHY)).status == 409


@pytest.mark.parametrize("verb", ["yank", "unyank"])
async def test_it_is_for_staff_and_for_what_is_published(
    acme: AsgiClient, registry: Registry, verb: str
) -> None:
    boss = await published(acme, registry)
    assert (await acme.post(f"{ADMIN}/{verb}", WHY)).status == 403
    assert (await boss.post(f"{ADMIN}/{verb}", {})).status == 422
    absent = f"/v1/admin/packages/acme/demo/9.9.9/{verb}"
    assert (await boss.post(absent, WHY)).status == 404


async def test_what_an_older_release_brought_back_is_the_owners_again(
    acme: AsgiClient, registry: Registry
) -> None:
    """It knows nothing of the mark and leaves it where it is."""
    boss = await published(acme, registry)
    await boss.post(f"{ADMIN}/yank", WHY)
    registry.sql("UPDATE versions SET state = 'published', yanked_reason = NULL")
    assert (await acme.post(f"{DEMO}/yank", {})).status == 200
    assert (await acme.post(f"{DEMO}/unyank", {})).status == 200
