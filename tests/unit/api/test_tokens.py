"""Tokens: limits, networks, expiry, and what is done with those that leaked."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from skreg.api.services import tokens as service
from skreg.bootstrap import ApiContainer
from skreg.domain import tokens
from skreg.moderation_jobs import forget
from support.accounts import FakeMail, organisation, send, token_of
from support.asgi import AsgiClient
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill


async def publish(client: AsgiClient, namespace: str, name: str) -> int:
    path = f"/v1/packages/{namespace}/{name}/publish"
    return (await client.upload(path, make_skill(namespace, name))).status


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ([], (202, 202, 202)),
        (["acme"], (202, 202, 403)),
        (["acme/demo"], (202, 403, 403)),
        (["crew", "acme/demo"], (202, 403, 202)),
    ],
)
async def test_limits_are_namespaces_or_packages(
    acme: AsgiClient, limits: list[str], expected: tuple[int, ...]
) -> None:
    await organisation(acme)
    token = await token_of(acme, "publish", limits=limits)
    found = [await publish(token, *name.split("/")) for name in ("acme/demo", "acme/other")]
    assert (*found, await publish(token, "crew", "demo")) == expected


async def test_a_limited_token_acts_for_no_whole_account(acme: AsgiClient) -> None:
    token = await token_of(acme, "admin", "read", limits=["acme"])
    assert (await token.get("/v1/tokens")).status == 403
    assert (await send(token, "POST", "/v1/namespaces", {"name": "crew"})).status == 403
    assert (await token.get("/v1/auth/me")).status == 200
    assert (await token.get("/v1/namespaces")).json()[0]["name"] == "acme"
    other = await token_of(acme, "read", limits=["elsewhere"])
    assert (await other.get("/v1/namespaces")).json() == []
    assert (await other.get("/v1/namespaces/acme/members")).status == 403
    assert (await other.get("/v1/namespaces/acme")).status == 200


@pytest.mark.parametrize(
    ("networks", "status"),
    [
        (["127.0.0.0/8"], 200),
        (["127.0.0.1"], 200),
        (["10.0.0.0/8"], 403),
        (["2001:db8::/32", "10.0.0.1", "127.0.0.1/32"], 200),
    ],
)
async def test_networks(acme: AsgiClient, networks: list[str], status: int) -> None:
    token = await token_of(acme, "read", networks=networks)
    assert (await token.get("/v1/auth/me")).status == status


async def test_a_read_only_token_changes_nothing(acme: AsgiClient) -> None:
    token = await token_of(acme, "read", "publish", "admin", read_only=True)
    assert await publish(token, "acme", "demo") == 403
    assert (await token.get("/v1/tokens")).status == 200
    assert (await send(token, "POST", "/v1/namespaces", {"name": "crew"})).status == 403


async def test_a_token_makes_none_that_is_wider(acme: AsgiClient) -> None:
    token = await token_of(acme, "admin", "read", expires_in_days=10)
    path = "/v1/tokens"
    wide = {"name": "a", "scopes": ["publish"], "expires_in_days": 5}
    long = {"name": "a", "scopes": ["read"], "expires_in_days": 11}
    good = {"name": "a", "scopes": ["read"], "expires_in_days": 5}
    found = [(await token.post(path, body)).status for body in (wide, long, good)]
    assert found == [403, 403, 201]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limits", ["Acme"]),
        ("limits", ["acme/"]),
        ("limits", ["a"] * 33),
        ("networks", ["here"]),
        ("networks", ["10.0.0.0/8"] * 33),
        ("is_admin", True),
    ],
)
async def test_what_cannot_be_a_limit_is_named(acme: AsgiClient, field: str, value: object) -> None:
    answer = await send(acme, "POST", "/v1/tokens", {"name": "a", field: value})
    assert answer.status == 422
    assert field in answer.json()["errors"][0]["path"]


async def test_an_account_has_so_many_tokens(
    acme: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_TOKENS", 2)
    await token_of(acme, "read")
    await token_of(acme, "read")
    assert (await acme.post("/v1/tokens", {"name": "a"})).status == 409


async def test_the_last_use_is_noted(acme: AsgiClient, registry: Registry) -> None:
    token = await token_of(acme, "read")
    assert (await acme.get("/v1/tokens")).json()[0]["last_used_at"] is None
    await token.get("/v1/auth/me")
    (found,) = (await acme.get("/v1/tokens")).json()
    assert found["last_used_from"] == "127.0.0.1"
    first = found["last_used_at"]
    await token.get("/v1/auth/me")
    assert (await acme.get("/v1/tokens")).json()[0]["last_used_at"] == first


async def test_every_answer_says_when_the_token_ends(acme: AsgiClient) -> None:
    made = (await acme.post("/v1/tokens", {"name": "a"})).json()
    token = acme.with_token(made["token"])
    answer = await token.get("/v1/auth/me")
    assert answer.headers["x-skreg-token-expires"] == made["expires_at"][:19] + "Z"
    assert "x-skreg-token-expires" not in (await acme.get("/v1/auth/me")).headers
    refused = await token.get("/v1/admin/accounts")
    assert (refused.status, "x-skreg-token-expires" in refused.headers) == (403, True)
    shared = await token.get("/v1/namespaces/acme")
    assert "x-skreg-token-expires" not in shared.headers


async def test_a_token_without_admin_learns_nothing_of_the_others(acme: AsgiClient) -> None:
    token = await token_of(acme, "read", "publish", "yank")
    assert (await token.get("/v1/tokens")).status == 403
    mine, *_ = (await acme.get("/v1/tokens")).json()
    assert (await send(token, "DELETE", f"/v1/tokens/{mine['id']}")).status == 204


@pytest.mark.parametrize("token_id", ["x", "0" * 16, "%00", "..%2f"])
async def test_a_token_that_is_not_there(acme: AsgiClient, token_id: str) -> None:
    assert (await send(acme, "DELETE", f"/v1/tokens/{token_id}")).status == 404


@pytest.fixture
def mail() -> FakeMail:
    return FakeMail()


@pytest_asyncio.fixture
async def holder(
    container: ApiContainer, mail: FakeMail, registry: Registry
) -> AsyncIterator[AsgiClient]:
    client = await signed_up(client_of(dataclasses.replace(container, mail=mail)))
    registry.sql("UPDATE accounts SET email = 'acme@example.org'")
    yield await token_of(client, "read")


async def test_a_leaked_token_is_revoked_whoever_says_so(
    holder: AsgiClient, mail: FakeMail, registry: Registry
) -> None:
    stranger = AsgiClient(holder.app)
    body = {"token": holder.token, "found_at": "https://example.org/log"}
    answer = await stranger.post("/v1/tokens/leaked", body)
    assert (answer.status, answer.json()) == (200, {"revoked": True})
    assert (await holder.get("/v1/auth/me")).status == 401
    assert (await stranger.post("/v1/tokens/leaked", body)).json() == {"revoked": False}
    ((details,),) = registry.sql("SELECT details FROM audit WHERE action = 'token-leaked'")
    assert details["found_at"] == "https://example.org/log"
    assert "https://example.org/log" in mail.sent[0][2]


async def test_a_mail_that_cannot_be_sent_keeps_no_token_alive(
    holder: AsgiClient, mail: FakeMail
) -> None:
    mail.is_broken = True
    answer = await AsgiClient(holder.app).post("/v1/tokens/leaked", {"token": holder.token})
    assert answer.json() == {"revoked": True}


@pytest.mark.parametrize(
    "token",
    ["skreg_", "x", tokens.mint().secret, "skreg_\u0000"],
    ids=["prefix", "letter", "well-formed", "nul"],  # the third is new in every run
)
async def test_what_is_no_token_of_ours_is_not_revoked(client: AsgiClient, token: str) -> None:
    answer = await client.post("/v1/tokens/leaked", {"token": token})
    assert (answer.status, answer.json()) == (200, {"revoked": False})


async def test_what_ended_long_ago_is_removed(acme: AsgiClient, registry: Registry) -> None:
    for name in ("good", "expired", "revoked", "lately"):
        assert (await acme.post("/v1/tokens", {"name": name, "scopes": ["read"]})).status == 201
    long_ago = "now() - interval '91 days'"
    registry.sql(f"UPDATE tokens SET expires_at = {long_ago} WHERE name = 'expired'")
    registry.sql(f"UPDATE tokens SET revoked_at = {long_ago} WHERE name = 'revoked'")
    registry.sql("UPDATE tokens SET revoked_at = now() WHERE name = 'lately'")
    registry.sql("INSERT INTO publisher_tokens (token_id, publisher_id) SELECT id, 'p' FROM tokens")
    container = registry.worker()
    await forget(container)
    await container.close()
    kept = registry.sql("SELECT name FROM tokens ORDER BY name")
    assert [name for (name,) in kept] == ["good", "lately"]
    assert registry.sql("SELECT count(*) FROM publisher_tokens") == [(2,)]
    assert len(registry.sql("SELECT id FROM audit WHERE action = 'token-created'")) == 4
