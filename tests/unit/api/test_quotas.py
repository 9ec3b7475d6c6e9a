"""Quotas: counted by the database, refused without a trace, raised by an administrator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from skreg.bootstrap import ApiContainer
from skreg.db.queries import quotas as queries
from support.asgi import AsgiClient
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill


async def scarce(container: ApiContainer, **quotas: int) -> AsgiClient:
    settings = container.settings.model_copy(update=quotas)
    return await signed_up(client_of(replace(container, settings=settings)))


async def publish(client: AsgiClient, name: str, version: str = "1.0.0") -> Any:
    return await client.upload(
        f"/v1/packages/acme/{name}/publish", make_skill("acme", name, version)
    )


async def quota(client: AsgiClient) -> Any:
    return (await client.get("/v1/namespaces/acme/quota")).json()


async def test_packages(container: ApiContainer, registry: Registry) -> None:
    acme = await scarce(container, quota_packages=2)
    for name in ("one", "two"):
        assert (await publish(acme, name)).status == 202
    refused = await publish(acme, "three")
    assert refused.status == 429
    assert "2 packages" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 60
    assert registry.sql("SELECT count(*) FROM packages") == [(2,)]
    assert (await publish(acme, "two", "1.1.0")).status == 202
    assert (await quota(acme))["packages"] == {"used": 2, "allowed": 2}


async def test_versions_of_a_day(container: ApiContainer, registry: Registry) -> None:
    acme = await scarce(container, quota_versions_per_day=2)
    for version in ("1.0.0", "1.0.1"):
        assert (await publish(acme, "demo", version)).status == 202
    assert (await publish(acme, "demo", "1.0.2")).status == 429
    assert (await publish(acme, "demo", "1.0.1")).status == 200, "the same bytes are no new version"
    registry.sql("UPDATE namespace_usage SET day = day - 1")
    assert (await publish(acme, "demo", "1.0.2")).status == 202
    assert (await quota(acme))["versions_per_day"]["used"] == 1


async def test_bytes(container: ApiContainer, registry: Registry) -> None:
    size = len(make_skill("acme", "demo"))
    acme = await scarce(container, quota_bytes=size + 10)
    assert (await publish(acme, "demo")).status == 202
    assert (await publish(acme, "demo", "1.0.1")).status == 429
    registry.sql("UPDATE versions SET state = 'rejected'")
    assert (await quota(acme))["bytes"]["used"] == 0
    assert (await publish(acme, "demo", "1.0.1")).status == 202


async def test_an_administrator_raises_it(container: ApiContainer, registry: Registry) -> None:
    acme = await scarce(container, quota_packages=1)
    await publish(acme, "one")
    body = {"packages": 5}
    refused = await acme.request(
        "PUT",
        "/v1/admin/quotas/acme",
        body=b'{"packages": 5}',
        headers={"content-type": "application/json"},
    )
    assert refused.status == 403
    boss = await signed_up(acme, "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    granted = await put(boss, "/v1/admin/quotas/acme", body)
    assert granted.json()["packages"] == {"used": 1, "allowed": 5}
    assert (await publish(acme, "two")).status == 202
    found = registry.sql("SELECT details FROM audit WHERE action = 'quota-set'")
    assert found[0][0] == {"packages": 5, "versions_per_day": None, "bytes": None, "staff": True}
    assert (await put(boss, "/v1/admin/quotas/none", body)).status == 404
    assert (await put(boss, "/v1/admin/quotas/acme", {"packages": -1})).status == 422
    assert (await put(boss, "/v1/admin/quotas/acme", {"packages": 2**70})).status == 422


async def test_strangers_do_not_see_it(container: ApiContainer) -> None:
    acme = await scarce(container)
    stranger = await signed_up(acme, "stranger")
    assert (await stranger.get("/v1/namespaces/acme/quota")).status == 403
    assert (await stranger.get("/v1/namespaces/none/quota")).status == 404


@pytest.mark.parametrize("to", ["globex"])
async def test_a_package_takes_its_bytes_along(
    container: ApiContainer, registry: Registry, to: str
) -> None:
    acme = await scarce(container)
    await signed_up(acme, to)
    await publish(acme, "demo")
    registry.sql(
        "UPDATE packages SET namespace_id = (SELECT id FROM namespaces WHERE name = %s)", to
    )
    used = dict(
        registry.sql(
            "SELECT n.name, u.packages FROM namespace_usage u"
            " JOIN namespaces n ON n.id = u.namespace_id"
        )
    )
    assert used == {"acme": 0, to: 1}


async def test_a_namespace_that_never_held_anything(container: ApiContainer) -> None:
    acme = await scarce(container)
    assert (await quota(acme))["packages"]["used"] == 0
    async with container.pool.connect() as connection:
        assert (await queries.usage(connection, 10**9)).packages == 0


async def put(client: AsgiClient, path: str, content: object) -> Any:
    import json

    headers = {"content-type": "application/json"}
    return await client.request("PUT", path, body=json.dumps(content).encode(), headers=headers)
