"""The audit log: what it says, to whom, and that nothing of it is ever lost."""

from __future__ import annotations

import json

import psycopg
import pytest

from support.asgi import AsgiClient
from support.registry import Registry, signed_up


async def boss_of(client: AsgiClient, registry: Registry) -> AsgiClient:
    boss = await signed_up(client, "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    return boss


def fill(registry: Registry, lines: int) -> None:
    registry.sql(
        "INSERT INTO audit (account_id, action, subject, details)"
        " SELECT (SELECT id FROM accounts WHERE username = 'acme'), 'noted', 'acme/p' || n, '{}'"
        f" FROM generate_series(1, {lines}) AS n"
    )


async def test_pages_hold_every_line_once(acme: AsgiClient, registry: Registry) -> None:
    boss = await boss_of(acme, registry)
    fill(registry, 250)
    seen, cursor = [], ""
    while True:
        page = (await boss.get(f"/v1/admin/audit?action=noted{cursor}")).json()
        seen += [item["id"] for item in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 250
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("account=acme&action=noted", 12),
        ("account=nobody", 0),
        ("subject=acme/p1", 1),
        ("subject=acme&action=noted", 12),
        ("subject=ac%25", 0),
        ("subject=a_me&action=noted", 0),
        ("since=2999-01-01T00:00:00Z", 0),
        ("until=2999-01-01T00:00:00Z&action=noted", 12),
        ("staff=true&action=noted", 0),
        ("staff=false&action=noted", 12),
    ],
)
async def test_filters(acme: AsgiClient, registry: Registry, query: str, count: int) -> None:
    boss = await boss_of(acme, registry)
    fill(registry, 12)
    found = (await boss.get(f"/v1/admin/audit?{query}")).json()["results"]
    assert len(found) == count


async def test_staff_is_marked(acme: AsgiClient, registry: Registry) -> None:
    boss = await boss_of(acme, registry)
    body = json.dumps({"packages": 3}).encode()
    headers = {"content-type": "application/json"}
    await boss.request("PUT", "/v1/admin/quotas/acme", body=body, headers=headers)
    found = (await boss.get("/v1/admin/audit?staff=true")).json()["results"]
    assert [(item["action"], item["account"], item["address"]) for item in found] == [
        ("quota-set", "boss", "127.0.0.1")
    ]


async def test_the_export_is_complete_and_can_be_continued(
    acme: AsgiClient, registry: Registry
) -> None:
    boss = await boss_of(acme, registry)
    fill(registry, 1100)
    answer = await boss.get("/v1/admin/audit/export?action=noted")
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert len(lines) == 1100
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    rest = await boss.get(f"/v1/admin/audit/export?action=noted&after={lines[999]['id']}")
    assert [json.loads(line) for line in rest.body.splitlines()] == lines[1000:]


async def test_others_do_not_read_it(acme: AsgiClient) -> None:
    for path in ("/v1/admin/audit", "/v1/admin/audit/export"):
        assert (await acme.get(path)).status == 403
        assert (await AsgiClient(acme.app).get(path)).status == 401


async def test_odd_values(acme: AsgiClient, registry: Registry) -> None:
    boss = await boss_of(acme, registry)
    for query in ("cursor=0", "cursor=x", "since=never", f"cursor={2**80}", "account=%00"):
        assert (await boss.get(f"/v1/admin/audit?{query}")).status == 422, query


@pytest.mark.parametrize(
    "change",
    ["UPDATE audit SET action = 'nothing'", "DELETE FROM audit", "TRUNCATE audit"],
)
async def test_the_database_refuses_to_forget(
    acme: AsgiClient, registry: Registry, change: str
) -> None:
    with pytest.raises(psycopg.errors.IntegrityError):
        registry.sql(change)
    assert registry.sql("SELECT count(*) > 0 FROM audit") == [(True,)]
