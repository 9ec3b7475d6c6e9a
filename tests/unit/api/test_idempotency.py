"""Idempotency keys: done once, answered again, readable by nobody who lacks the key."""

from __future__ import annotations

import asyncio

import pytest

from skreg.api.body import MAX_BODY
from support.asgi import Answer, AsgiClient, multipart
from support.registry import Registry, signed_up
from support.skills import make_skill

KEY = "7b5a9a6e-2f0f-4a7e-9a55-5c2f0e1d9f10"
TOKEN = {"name": "ci", "scopes": ["read"]}


async def send(client: AsgiClient, content: object, key: str = KEY) -> Answer:
    return await client.post("/v1/tokens", content, **{"idempotency-key": key})


async def test_a_repeated_request_is_done_once(acme: AsgiClient, registry: Registry) -> None:
    first, second = await send(acme, TOKEN), await send(acme, TOKEN)
    assert (first.status, second.status) == (201, 201)
    assert first.body == second.body
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["content-type"] == "application/json"
    assert registry.sql("SELECT count(*) FROM tokens") == [(1,)]


async def test_the_database_alone_gives_no_answer_away(
    acme: AsgiClient, registry: Registry
) -> None:
    made = await send(acme, TOKEN)
    secret = made.json()["token"].encode()
    for digest, request_hash, response in registry.sql(
        "SELECT digest, request_hash, response FROM idempotency_keys"
    ):
        assert secret not in response
        assert KEY.encode() not in digest + request_hash + response
    registry.sql("UPDATE idempotency_keys SET response = set_byte(response, 20, 1)")
    registry.sql("UPDATE idempotency_keys SET response = set_byte(response, 21, 1)")
    assert (await send(acme, TOKEN)).status == 409


async def test_another_body_is_refused(acme: AsgiClient) -> None:
    await send(acme, TOKEN)
    answer = await send(acme, {**TOKEN, "name": "other"})
    assert answer.status == 422
    assert answer.json()["errors"][0]["rule"] == "idempotency-key"


async def test_callers_and_paths_do_not_share_keys(acme: AsgiClient) -> None:
    other = await signed_up(acme, "globex")
    ids = [(await send(client, TOKEN)).json()["id"] for client in (acme, other)]
    assert ids[0] != ids[1]
    answer = await acme.request(
        "POST",
        "/v1/tokens?x=1",
        body=b'{"name": "b"}',
        headers={"content-type": "application/json", "idempotency-key": KEY},
    )
    assert answer.status == 201


async def test_a_refused_request_leaves_its_key_free(acme: AsgiClient) -> None:
    assert (await send(acme, {"name": "ci", "scopes": ["nonsense"]})).status == 422
    assert (await send(acme, TOKEN)).status == 201


async def test_only_one_of_many_at_once_is_done(acme: AsgiClient, registry: Registry) -> None:
    answers = await asyncio.gather(*(send(acme, TOKEN) for _ in range(8)))
    assert {answer.status for answer in answers} <= {201, 409}
    assert registry.sql("SELECT count(*) FROM tokens") == [(1,)]
    assert (await send(acme, TOKEN)).status == 201


@pytest.mark.parametrize(
    ("age", "status"), [("30 seconds", 409), ("61 seconds", 201)], ids=["busy", "killed"]
)
async def test_a_killed_request_frees_its_key_after_a_minute(
    acme: AsgiClient, registry: Registry, age: str, status: int
) -> None:
    await send(acme, TOKEN)
    registry.sql(
        "UPDATE idempotency_keys SET status = NULL, response = NULL,"
        f" created_at = now() - interval '{age}'"
    )
    assert (await send(acme, TOKEN)).status == status


async def test_a_key_is_free_again_after_a_day(acme: AsgiClient, registry: Registry) -> None:
    await send(acme, TOKEN)
    registry.sql("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    assert (await send(acme, {**TOKEN, "name": "other"})).status == 201
    registry.sql("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    await registry.work()


async def test_an_upload_is_known_by_its_file_not_by_its_boundary(acme: AsgiClient) -> None:
    data = make_skill("acme", "demo")
    states = []
    for _ in range(2):
        body, kind = multipart(data)
        headers = {"content-type": kind, "idempotency-key": KEY}
        path = "/v1/packages/acme/demo/publish"
        states.append(await acme.request("POST", path, body=body, headers=headers))
    assert [answer.status for answer in states] == [202, 202]
    body, kind = multipart(make_skill("acme", "demo", "2.0.0"))
    headers = {"content-type": kind, "idempotency-key": KEY}
    other = await acme.request("POST", path, body=body, headers=headers)
    assert other.status == 422


async def test_without_a_credential_the_header_is_not_heeded(client: AsgiClient) -> None:
    body = {"username": "acme", "password": "correct horse battery staple"}
    sent = {"idempotency-key": KEY}
    assert (await client.post("/v1/auth/signup", body, **sent)).status == 201
    assert (await client.post("/v1/auth/signup", body, **sent)).status == 409


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
async def test_a_key_of_another_form_is_refused(acme: AsgiClient, key: str) -> None:
    assert (await send(acme, TOKEN, key)).status == 422


async def test_a_body_beyond_all_limits_is_refused(acme: AsgiClient) -> None:
    answer = await acme.request(
        "POST", "/v1/tokens", body=b"x" * (MAX_BODY + 1), headers={"idempotency-key": KEY}
    )
    assert answer.status == 413
