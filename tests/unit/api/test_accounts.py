"""Accounts, sessions and tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from skreg.bootstrap import ApiContainer, utc_now
from skreg.domain import tokens
from support.asgi import AsgiClient
from support.registry import PASSWORD, Registry, client_of, signed_up
from support.skills import make_skill


async def test_an_account_owns_the_namespace_of_its_name(acme: AsgiClient) -> None:
    me = (await acme.get("/v1/auth/me")).json()
    assert (me["username"], me["namespaces"], me["is_admin"]) == ("acme", ["acme"], False)


@pytest.mark.parametrize(
    ("username", "rule"),
    [
        ("Acme", "invalid-characters"),
        ("-a", "edge-hyphen"),
        ("tree", "reserved"),
        ("v1", "reserved"),
    ],
)
async def test_a_name_that_breaks_a_rule_is_refused(
    client: AsgiClient, username: str, rule: str
) -> None:
    body = {"username": username, "password": PASSWORD}
    answer = await client.post("/v1/auth/signup", body)
    assert (answer.status, answer.json()["errors"][0]["rule"]) == (422, rule)


async def test_a_short_password_is_refused(client: AsgiClient) -> None:
    answer = await client.post("/v1/auth/signup", {"username": "bob", "password": "short"})
    assert (answer.status, answer.json()["errors"][0]["path"]) == (422, "password")


async def test_a_taken_name_is_a_conflict(client: AsgiClient, acme: AsgiClient) -> None:
    answer = await client.post("/v1/auth/signup", {"username": "acme", "password": PASSWORD})
    assert answer.status == 409


async def test_unknown_account_and_wrong_password_are_told_apart_by_nothing(
    client: AsgiClient, acme: AsgiClient
) -> None:
    answers = [
        await client.post("/v1/auth/login", {"username": name, "password": "wrong wrong"})
        for name in ("acme", "nobody")
    ]
    bodies = [{**item.json(), "request_id": ""} for item in answers]
    assert [item.status for item in answers] == [401, 401]
    assert bodies[0] == bodies[1]
    assert answers[0].headers["www-authenticate"].startswith("Bearer")


async def test_a_disabled_account_is_out_at_once(acme: AsgiClient, registry: Registry) -> None:
    made = await acme.post("/v1/tokens", {"name": "ci", "scopes": ["read"]})
    by_token = acme.with_token(made.json()["token"])
    registry.sql("UPDATE accounts SET disabled_at = now()")
    assert (await acme.get("/v1/auth/me")).status == 401
    assert (await by_token.get("/v1/auth/me")).status == 401
    body = {"username": "acme", "password": PASSWORD}
    assert (await acme.post("/v1/auth/login", body)).status == 401


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", "skreg_short", tokens.mint().secret],
    ids=["one-letter", "dots", "short", "well-formed"],  # the last is new in every run
)
async def test_a_credential_nobody_issued_is_refused(client: AsgiClient, token: str) -> None:
    assert (await client.with_token(token).get("/v1/auth/me")).status == 401


async def test_a_session_ends_after_its_time(registry: Registry) -> None:
    now = utc_now()
    container = registry.api()
    import dataclasses

    from skreg.api.services.sessions import Sessions

    moving = [now]
    sessions = Sessions(container.pool, lambda: moving[0])
    client = await signed_up(client_of(dataclasses.replace(container, sessions=sessions)))
    assert (await client.get("/v1/auth/me")).status == 200
    moving[0] = now + timedelta(minutes=16)
    assert (await client.get("/v1/auth/me")).status == 401
    await container.close()


async def test_another_process_reads_the_session(acme: AsgiClient, registry: Registry) -> None:
    other = registry.api()
    assert acme.token is not None
    assert (await client_of(other).with_token(acme.token).get("/v1/auth/me")).status == 200
    await other.close()


async def test_a_session_key_grows_old_and_another_signs(
    acme: AsgiClient, registry: Registry
) -> None:
    registry.sql("UPDATE session_keys SET created_at = now() - interval '31 days'")
    other = registry.api()
    again = client_of(other)
    body = {"username": "acme", "password": PASSWORD}
    assert (await again.post("/v1/auth/login", body)).status == 200
    assert registry.sql("SELECT count(*) FROM session_keys") == [(2,)]
    assert acme.token is not None
    assert (await again.with_token(acme.token).get("/v1/auth/me")).status == 200
    await other.close()


async def test_a_token_is_shown_once_and_kept_hashed(acme: AsgiClient, registry: Registry) -> None:
    made = (await acme.post("/v1/tokens", {"name": "ci", "scopes": ["publish"]})).json()
    assert tokens.looks_like(made["token"])
    listed = (await acme.get("/v1/tokens")).json()
    assert [item["id"] for item in listed] == [made["id"]]
    assert made["token"] not in str(listed)
    assert registry.sql("SELECT token_hash FROM tokens") == [(tokens.digest_of(made["token"]),)]


async def test_a_token_may_do_what_its_scopes_say(acme: AsgiClient) -> None:
    async def token(*scopes: str) -> AsgiClient:
        made = await acme.post("/v1/tokens", {"name": "t", "scopes": list(scopes)})
        return acme.with_token(made.json()["token"])

    reader, publisher = await token("read"), await token("publish")
    path, data = "/v1/packages/acme/demo/publish", make_skill("acme", "demo")
    refused = await reader.upload(path, data)
    assert refused.status == 403
    assert "'publish'" in refused.json()["detail"]
    assert (await publisher.upload(path, data)).status == 202
    assert (await publisher.post("/v1/tokens", {"name": "more", "scopes": ["admin"]})).status == 403


async def test_a_revoked_or_expired_token_is_refused(acme: AsgiClient, registry: Registry) -> None:
    made = (await acme.post("/v1/tokens", {"name": "a", "scopes": ["read"]})).json()
    holder = acme.with_token(made["token"])
    assert (await holder.request("DELETE", f"/v1/tokens/{made['id']}")).status == 204
    assert (await holder.get("/v1/auth/me")).status == 401
    assert (await acme.request("DELETE", f"/v1/tokens/{made['id']}")).status == 404
    other = (await acme.post("/v1/tokens", {"name": "b", "scopes": ["read"]})).json()
    registry.sql("UPDATE tokens SET expires_at = now() - interval '1 second'")
    assert (await acme.with_token(other["token"]).get("/v1/auth/me")).status == 401


@pytest.mark.parametrize(
    "changed",
    [{"scopes": []}, {"scopes": ["root"]}, {"expires_in_days": 0}, {"expires_in_days": 999}],
)
async def test_a_token_that_cannot_be_is_refused(
    acme: AsgiClient, changed: dict[str, object]
) -> None:
    answer = await acme.post("/v1/tokens", {"name": "a", "scopes": ["read"], **changed})
    assert answer.status == 422


async def test_the_api_has_no_key(container: ApiContainer) -> None:
    names = [name for name in dir(container) if "key" in name or "sign" in name]
    assert names == ["issuer_keys"], "public halves of CI's issuers, which sign nothing"
    assert not any("key_uri" in name for name in type(container.settings).model_fields)
