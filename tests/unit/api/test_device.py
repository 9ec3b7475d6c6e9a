"""Device login (RFC 8628): by routes, and on the page."""

from __future__ import annotations

from typing import Any

import pytest

from skreg.db.queries import devices
from support.accounts import send_form, token_of
from support.asgi import Answer, AsgiClient
from support.registry import PASSWORD, Registry

CODE, TOKEN = "/v1/auth/device/code", "/v1/auth/device/token"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"


async def begin(client: AsgiClient, **fields: str) -> dict[str, Any]:
    made = await send_form(client, CODE, **{"client_id": "cli", "scope": "read publish", **fields})
    assert made.status == 200, made.body
    found: dict[str, Any] = made.json()
    return found


async def collect(client: AsgiClient, begun: dict[str, Any]) -> Answer:
    return await send_form(client, TOKEN, grant_type=GRANT, device_code=begun["device_code"])


async def error(client: AsgiClient, begun: dict[str, Any]) -> str:
    answer = await collect(client, begun)
    assert answer.status == 400
    found: str = answer.json()["error"]
    return found


def later(registry: Registry) -> None:
    registry.sql("UPDATE device_logins SET asked_at = now() - interval '1 hour'")


async def test_a_device_gets_a_token_once_it_is_approved(
    client: AsgiClient, acme: AsgiClient, registry: Registry
) -> None:
    begun = await begin(client)
    assert begun["verification_uri"] == "http://registry.test/device"
    assert await error(client, begun) == "authorization_pending"
    waiting = await acme.get(f"/v1/auth/device/requests/{begun['user_code']}")
    assert (waiting.json()["client"], waiting.json()["scopes"]) == ("cli", ["publish", "read"])
    body = {"user_code": begun["user_code"].lower().replace("-", ""), "approve": True}
    assert (await acme.post("/v1/auth/device/approve", body)).status == 204
    later(registry)
    made = await collect(client, begun)
    assert made.status == 200
    assert (made.json()["username"], made.json()["scope"]) == ("acme", "publish read")
    assert made.headers["cache-control"] == "no-store"
    token = client.with_token(made.json()["access_token"])
    assert (await token.get("/v1/auth/me")).json()["username"] == "acme"
    assert await error(client, begun) == "expired_token"


async def test_a_refused_device_gets_none(
    client: AsgiClient, acme: AsgiClient, registry: Registry
) -> None:
    begun = await begin(client)
    body = {"user_code": begun["user_code"], "approve": False}
    assert (await acme.post("/v1/auth/device/approve", body)).status == 204
    assert await error(client, begun) == "access_denied"
    assert (await acme.post("/v1/auth/device/approve", body)).status == 404


async def test_who_asks_too_soon_waits_longer(client: AsgiClient, registry: Registry) -> None:
    begun = await begin(client)
    assert await error(client, begun) == "authorization_pending"
    assert await error(client, begun) == "slow_down"
    assert registry.sql("SELECT pause FROM device_logins") == [(10,)]
    registry.sql("UPDATE device_logins SET asked_at = now() - interval '7 seconds'")
    assert await error(client, begun) == "slow_down"
    later(registry)
    assert await error(client, begun) == "authorization_pending"


async def test_a_login_is_over_after_its_time(
    client: AsgiClient, acme: AsgiClient, registry: Registry
) -> None:
    begun = await begin(client)
    registry.sql("UPDATE device_logins SET expires_at = now() - interval '1 second'")
    assert await error(client, begun) == "expired_token"
    body = {"user_code": begun["user_code"], "approve": True}
    assert (await acme.post("/v1/auth/device/approve", body)).status == 404
    assert (await acme.get(f"/v1/auth/device/requests/{begun['user_code']}")).status == 404
    await begin(client)
    assert registry.sql("SELECT count(*) FROM device_logins") == [(1,)]


async def test_a_token_approves_nothing(acme: AsgiClient, client: AsgiClient) -> None:
    begun = await begin(client)
    token = await token_of(acme, "admin", "read")
    body = {"user_code": begun["user_code"], "approve": True}
    assert (await token.post("/v1/auth/device/approve", body)).status == 403
    assert (await token.get(f"/v1/auth/device/requests/{begun['user_code']}")).status == 403


async def test_codes_are_kept_hashed(client: AsgiClient, registry: Registry) -> None:
    begun = await begin(client)
    assert begun["device_code"] not in str(registry.sql("SELECT * FROM device_logins"))


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"grant_type": "password", "device_code": "x"}, 400, "unsupported_grant_type"),
        ({"grant_type": GRANT, "device_code": "nobody's"}, 400, "expired_token"),
        ({"grant_type": GRANT, "device_code": "\udcff".encode("utf-8", "replace").decode()}, 400,
         "expired_token"),
        ({"grant_type": GRANT}, 422, None),
    ],
)  # fmt: skip
async def test_what_is_no_device(
    client: AsgiClient, fields: dict[str, str], status: int, said: str | None
) -> None:
    answer = await send_form(client, TOKEN, **fields)
    assert (answer.status, answer.json().get("error")) == (status, said)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unknown_scope_begins_nothing(client: AsgiClient) -> None:
    assert (await send_form(client, CODE, scope="everything")).status == 422


async def test_only_so_many_wait(client: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MAX_WAITING", 1)
    await begin(client)
    assert (await send_form(client, CODE)).status == 503


async def test_user_codes_cannot_be_guessed_for_long(
    acme: AsgiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skreg.api.services.lockout.PER_ADDRESS", 3)
    path = "/v1/auth/device/requests/BBBB-BBBB"
    assert [(await acme.get(path)).status for _ in range(4)] == [404, 404, 404, 429]


async def test_the_page_asks_for_the_code_and_shows_what_waits(client: AsgiClient) -> None:
    empty = await client.get("/device")
    assert b'name="user_code"' in empty.body
    assert "frame-ancestors 'none'" in empty.headers["content-security-policy"]
    begun = await begin(client, client_id='<script>"x"')
    page = await client.get(f"/device?user_code={begun['user_code']}")
    assert b"<script>" not in page.body
    assert b"&lt;script&gt;" in page.body
    assert begun["user_code"].encode() in page.body
    assert b"single sign-on" not in page.body
    nothing = await client.get("/device?user_code=BBBB-BBBB")
    assert (nothing.status, b"No login waits" in nothing.body) == (404, True)


@pytest.mark.parametrize(
    ("decision", "said"), [("approve", b"is logged in"), ("refuse", b"was refused")]
)
async def test_the_page_approves_with_the_password(
    client: AsgiClient, acme: AsgiClient, decision: str, said: bytes
) -> None:
    begun = await begin(client)
    fields = {"user_code": begun["user_code"], "username": "acme", "decision": decision}
    wrong = await send_form(client, "/device", **fields, password="wrong wrong")
    assert (wrong.status, b"password is wrong" in wrong.body) == (401, True)
    done = await send_form(client, "/device", **fields, password=PASSWORD)
    assert (done.status, said in done.body) == (200, True)
    assert (await collect(client, begun)).status == (200 if decision == "approve" else 400)
    again = await send_form(client, "/device", **fields, password=PASSWORD)
    assert again.status == 404


async def test_the_page_takes_no_api_token(client: AsgiClient, acme: AsgiClient) -> None:
    begun = await begin(client)
    token = await token_of(acme, "admin")
    assert token.token is not None
    fields = {"user_code": begun["user_code"], "decision": "approve", "session": token.token}
    assert (await send_form(client, "/device", **fields)).status == 403
