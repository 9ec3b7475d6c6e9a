"""Logging in with an OIDC provider, honest and lying."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from joserfc.jwk import ECKey, OctKey
from pydantic import SecretStr

from skreg.bootstrap import ApiContainer
from support.accounts import send_form
from support.asgi import Answer, AsgiClient
from support.oidc_issuer import Issuer
from support.registry import Registry, client_of, signed_up

START, CALLBACK = "/v1/auth/oidc/start", "/v1/auth/oidc/callback"


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(claims={"sub": "u1", "preferred_username": "Alice.Smith"})


@pytest_asyncio.fixture
async def client(container: ApiContainer, issuer: Issuer) -> AsyncIterator[AsgiClient]:
    yield configured(container, issuer)


def configured(container: ApiContainer, issuer: Issuer, **settings: Any) -> AsgiClient:
    named = {"oidc_issuer": issuer.url, "oidc_client_id": issuer.client_id, **settings}
    changed = container.settings.model_copy(update=named)
    return client_of(dataclasses.replace(container, settings=changed, web=issuer))


async def log_in(client: AsgiClient, issuer: Issuer, query: str = "") -> Answer:
    begun = await client.get(f"{START}{query}")
    assert begun.status == 302, begun.body
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    back = issuer.visit(begun.headers["location"])
    return await client.get(f"{CALLBACK}?{back}", cookie=cookie.partition(";")[0])


async def me(client: AsgiClient, answer: Answer) -> str:
    assert answer.status == 200, answer.body
    found = await client.with_token(answer.json()["access_token"]).get("/v1/auth/me")
    name: str = found.json()["username"]
    return name


async def test_the_first_login_makes_the_account_and_the_second_finds_it(
    client: AsgiClient, issuer: Issuer
) -> None:
    assert await me(client, await log_in(client, issuer)) == "alice-smith"
    issuer.claims["preferred_username"] = "renamed"
    assert await me(client, await log_in(client, issuer)) == "alice-smith"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("acme", "acme-2"),
        ("acme@example.org", "acme-2"),
        ("Tree", "tree-2"),
        ("", "person"),
        ("ünïcode", "n-code"),
        ("x" * 100, "x" * 58),
        (7, "7"),
    ],
)
async def test_nobody_gets_a_name_that_is_taken(
    client: AsgiClient, issuer: Issuer, wanted: object, expected: str
) -> None:
    await signed_up(client)
    issuer.claims["preferred_username"] = wanted
    assert await me(client, await log_in(client, issuer)) == expected


async def test_when_every_name_is_taken_it_says_so(
    client: AsgiClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skreg.api.services.identities._TRIES", 2)
    await signed_up(client)
    issuer.claims["preferred_username"] = "acme"
    assert (await log_in(client, issuer)).status == 409


async def test_an_equal_mail_address_gives_nobody_anothers_account(
    client: AsgiClient, issuer: Issuer, registry: Registry
) -> None:
    await signed_up(client)
    registry.sql("UPDATE accounts SET email = 'acme@example.org'")
    issuer.claims |= {"email": "acme@example.org", "email_verified": True}
    assert await me(client, await log_in(client, issuer)) == "alice-smith"


async def test_an_account_without_a_password_has_none_to_guess(
    client: AsgiClient, issuer: Issuer
) -> None:
    await log_in(client, issuer)
    for password in ("", " ", "x"):
        body = {"username": "alice-smith", "password": password}
        assert (await client.post("/v1/auth/login", body)).status in (401, 422)


async def test_a_disabled_account_stays_out(
    client: AsgiClient, issuer: Issuer, registry: Registry
) -> None:
    await log_in(client, issuer)
    registry.sql("UPDATE accounts SET disabled_at = now()")
    assert (await log_in(client, issuer)).status == 403


@pytest.mark.parametrize(
    ("groups", "status"),
    [(["staff", "other"], 200), ("staff", 200), (["other"], 403), (None, 403)],
)
async def test_groups_decide_who_may_log_in(
    container: ApiContainer, issuer: Issuer, groups: object, status: int
) -> None:
    client = configured(container, issuer, oidc_allowed_groups="staff, admins")
    issuer.lies = {"groups": groups}
    assert (await log_in(client, issuer)).status == status


@pytest.mark.parametrize(
    "lies",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"aud": ["skreg", "another"]},
        {"aud": ["skreg", "another"], "azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"iat": 99999999999},
        {"iat": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
    ],
)
async def test_an_id_token_that_is_not_for_this_login_is_refused(
    client: AsgiClient, issuer: Issuer, lies: dict[str, Any]
) -> None:
    issuer.lies = lies
    answer = await log_in(client, issuer)
    assert (answer.status, "access_token" in answer.json()) == (401, False)


async def test_several_audiences_are_fine_when_it_was_made_for_us(
    client: AsgiClient, issuer: Issuer
) -> None:
    issuer.lies = {"aud": ["skreg", "another"], "azp": "skreg"}
    assert (await log_in(client, issuer)).status == 200


async def test_another_key_signs_nothing(client: AsgiClient, issuer: Issuer) -> None:
    issuer.signs_with = ECKey.generate_key("P-256", {"kid": "k1"})
    assert (await log_in(client, issuer)).status == 401


async def test_a_symmetric_key_makes_nobody_the_provider(
    client: AsgiClient, issuer: Issuer
) -> None:
    key = OctKey.import_key(b"k" * 32, {"kid": "k1"})
    issuer.documents["/oidc/keys"] = {"keys": [key.as_dict(private=True)]}
    issuer.documents["/oidc/token"] = {
        "id_token": __import__("joserfc.jwt", fromlist=["jwt"]).encode(
            {"alg": "HS256", "kid": "k1"}, {"sub": "u1"}, key
        )
    }
    assert (await log_in(client, issuer)).status == 401


@pytest.mark.parametrize(
    ("path", "document", "status"),
    [
        ("/oidc/.well-known/openid-configuration", {"issuer": "https://other.example"}, 503),
        ("/oidc/.well-known/openid-configuration", [], 503),
        ("/oidc/token", {}, 503),
        ("/oidc/keys", {}, 401),
        ("/oidc/token", {"id_token": "x"}, 401),
    ],
)
async def test_a_provider_that_speaks_nonsense(
    client: AsgiClient, issuer: Issuer, path: str, document: object, status: int
) -> None:
    begun = await client.get(START)
    issuer.documents[path] = document
    back = issuer.visit(begun.headers["location"])
    cookie = begun.headers["set-cookie"].partition(";")[0]
    assert (await client.get(f"{CALLBACK}?{back}", cookie=cookie)).status == status


async def test_a_code_the_provider_refuses(client: AsgiClient, issuer: Issuer) -> None:
    issuer.status = 400
    assert (await log_in(client, issuer)).status == 401
    issuer.status = 500
    assert (await log_in(client, issuer)).status == 503


async def test_a_login_comes_back_once_and_to_the_browser_that_began_it(
    client: AsgiClient, issuer: Issuer, registry: Registry
) -> None:
    begun = await client.get(START)
    back = issuer.visit(begun.headers["location"])
    mine = begun.headers["set-cookie"].partition(";")[0]
    assert (await client.get(f"{CALLBACK}?{back}")).status == 401
    assert (await client.get(f"{CALLBACK}?{back}", cookie="skreg_oidc=forged")).status == 401
    assert (await client.get(f"{CALLBACK}?{back}", cookie=mine)).status == 401
    assert (await client.get(CALLBACK, cookie=mine)).status == 401
    begun = await client.get(START)
    registry.sql("UPDATE oidc_logins SET expires_at = now() - interval '1 second'")
    back = issuer.visit(begun.headers["location"])
    mine = begun.headers["set-cookie"].partition(";")[0]
    assert (await client.get(f"{CALLBACK}?{back}", cookie=mine)).status == 401


async def test_a_client_secret_is_sent_where_there_is_one(
    container: ApiContainer, issuer: Issuer
) -> None:
    client = configured(container, issuer, oidc_client_secret=SecretStr("s3cret/+"))
    assert (await log_in(client, issuer)).status == 200
    assert issuer.basic is not None
    assert issuer.basic.startswith("Basic ")


async def test_without_a_provider_there_is_no_such_login(container: ApiContainer) -> None:
    assert (await client_of(container).get(START)).status == 404


async def test_a_device_is_approved_after_single_sign_on(
    client: AsgiClient, issuer: Issuer
) -> None:
    begun = (await send_form(client, "/v1/auth/device/code", client_id="cli")).json()
    shown = await client.get(f"/device?user_code={begun['user_code']}")
    assert b"single sign-on" in shown.body
    page = await log_in(client, issuer, f"?user_code={begun['user_code']}")
    assert b"You are alice-smith" in page.body
    session = page.body.split(b'name="session" value="')[1].partition(b'"')[0].decode()
    fields = {"user_code": begun["user_code"], "session": session, "decision": "approve"}
    assert (await send_form(client, "/device", **fields)).status == 200
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    made = await send_form(
        client, "/v1/auth/device/token", grant_type=grant, device_code=begun["device_code"]
    )
    assert made.json()["username"] == "alice-smith"
