"""What administrators do with accounts and namespaces, by route."""

from __future__ import annotations

import pytest

from skreg.api.services import staff
from support.accounts import organisation, send, token_of
from support.asgi import AsgiClient
from support.registry import PASSWORD, Registry, signed_up
from support.skills import make_skill


@pytest.fixture
async def boss(acme: AsgiClient, registry: Registry) -> AsgiClient:
    client = await signed_up(AsgiClient(acme.app), "boss")
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    return client


async def change(client: AsgiClient, username: str, **body: bool) -> int:
    return (await send(client, "PATCH", f"/v1/admin/accounts/{username}", body)).status


async def test_a_disabled_account_is_out_and_comes_back_without_its_sessions(
    acme: AsgiClient, boss: AsgiClient
) -> None:
    token = await token_of(acme, "read")
    assert await change(boss, "acme", disabled=True) == 200
    login = {"username": "acme", "password": PASSWORD}
    assert (await token.get("/v1/auth/me")).status == 401
    assert (await acme.post("/v1/auth/login", login)).status == 401
    assert await change(boss, "acme", disabled=False) == 200
    assert (await acme.get("/v1/auth/me")).status == 401
    assert (await token.get("/v1/auth/me")).status == 200
    assert (await acme.post("/v1/auth/login", login)).status == 200


async def test_the_last_administrator_stays(acme: AsgiClient, boss: AsgiClient) -> None:
    assert await change(boss, "boss", is_admin=False) == 409
    assert await change(boss, "boss", disabled=True) == 409
    assert await change(boss, "acme", is_admin=True) == 200
    assert await change(boss, "boss", is_admin=False) == 200
    assert await change(boss, "acme", is_admin=False) == 403
    assert await change(acme, "acme") == 200


async def test_a_code_from_an_administrator_sets_a_password(
    acme: AsgiClient, boss: AsgiClient, registry: Registry
) -> None:
    made = await boss.post("/v1/admin/accounts/acme/reset-code")
    assert (made.status, made.json()["expires_in"]) == (201, 86400)
    body = {"code": made.json()["code"], "new_password": "another horse battery"}
    assert (await AsgiClient(acme.app).post("/v1/auth/reset", body)).status == 204
    assert (await acme.get("/v1/auth/me")).status == 401
    sql = "SELECT details->>'staff' FROM audit WHERE action = 'reset-code-issued'"
    assert registry.sql(sql) == [("true",)]


async def test_all_tokens_of_an_account(acme: AsgiClient, boss: AsgiClient) -> None:
    token = await token_of(acme, "read")
    answer = await send(boss, "DELETE", "/v1/admin/accounts/acme/tokens")
    assert answer.json() == {"revoked": 1}
    assert (await token.get("/v1/auth/me")).status == 401


async def test_lists_come_in_pages(
    acme: AsgiClient, boss: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "PAGE", 1)
    for kind, key in (("accounts", "username"), ("namespaces", "name")):
        found: list[str] = []
        cursor = ""
        while cursor is not None:
            page = (await boss.get(f"/v1/admin/{kind}?cursor={cursor}")).json()
            found += [item[key] for item in page["results"]]
            cursor = page["next"]
        assert [name for name in found if name in ("acme", "boss")] == ["acme", "boss"]
        assert found == sorted(found)


async def test_nothing_changes_in_a_banned_namespace(acme: AsgiClient, boss: AsgiClient) -> None:
    banned = await boss.post("/v1/admin/namespaces/acme/ban", {"reason": "spam"})
    assert (banned.json()["banned"], banned.json()["banned_reason"]) == (True, "spam")
    path, data = "/v1/packages/acme/demo/publish", make_skill("acme", "demo")
    refused = await acme.upload(path, data)
    assert (refused.status, "banned" in refused.json()["detail"]) == (403, True)
    assert (await acme.get("/v1/namespaces/acme")).json()["banned_reason"] == "spam"
    assert (await boss.post("/v1/admin/namespaces/acme/unban")).json()["banned"] is False
    assert (await acme.upload(path, data)).status == 202


async def test_a_namespace_without_owners_gets_one(acme: AsgiClient, boss: AsgiClient) -> None:
    await organisation(acme)
    path = "/v1/admin/namespaces/crew/members/boss"
    assert (await send(boss, "PUT", path, {"role": "owner"})).status == 204
    assert (await send(boss, "DELETE", "/v1/namespaces/crew/members/acme")).status == 204


async def test_an_administrators_small_token_is_no_administrators(boss: AsgiClient) -> None:
    for scopes, more in ((["read"], {}), (["admin", "read"], {"limits": ["boss"]})):
        token = await token_of(boss, *scopes, **more)
        assert (await token.get("/v1/admin/accounts")).status == 403
        assert (await token.get("/v1/namespaces/acme/members")).status == 403
    whole = await token_of(boss, "admin")
    assert (await whole.get("/v1/admin/accounts")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/v1/admin/accounts/nobody", {"disabled": True}),
        ("POST", "/v1/admin/accounts/nobody/reset-code", None),
        ("DELETE", "/v1/admin/accounts/nobody/tokens", None),
        ("POST", "/v1/admin/namespaces/nobody/ban", {"reason": "x"}),
        ("PUT", "/v1/admin/namespaces/nobody/members/boss", {"role": "owner"}),
        ("PUT", "/v1/admin/namespaces/acme/members/nobody", {"role": "owner"}),
    ],
)
async def test_what_is_not_there(boss: AsgiClient, method: str, path: str, body: object) -> None:
    assert (await send(boss, method, path, body)).status == 404
