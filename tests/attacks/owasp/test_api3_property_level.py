"""OWASP API3:2023, broken object property level authorization: too much taken, too much shown."""

from __future__ import annotations

from typing import Any

import pytest

from support.accounts import join, organisation, send
from support.asgi import AsgiClient
from support.registry import PASSWORD, Registry, signed_up

FORBIDDEN = ("password", "token_hash", "secret", "code_hash", "sealed", "look_alike")


@pytest.mark.parametrize(
    "extra",
    [{"is_admin": True}, {"id": 1}, {"disabled_at": None}, {"session_generation": 9},
     {"namespaces": ["acme", "root"]}],
)  # fmt: skip
async def test_signing_up_sets_what_it_asks_for_and_no_more(
    client: AsgiClient, registry: Registry, extra: dict[str, object]
) -> None:
    body = {"username": "eve", "password": PASSWORD, **extra}
    assert (await client.post("/v1/auth/signup", body)).status in (201, 422)
    sql = "SELECT count(*) FROM accounts WHERE is_admin OR session_generation > 0"
    assert registry.sql(sql) == [(0,)]
    assert registry.sql("SELECT count(*) FROM memberships") <= [(1,)]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/tokens", {"name": "a", "account_id": 1}),
        ("POST", "/v1/tokens", {"name": "a", "expires_at": "2999-01-01T00:00:00Z"}),
        ("POST", "/v1/tokens", {"name": "a", "token": "skreg_of_my_choice"}),
        ("POST", "/v1/namespaces", {"name": "mine", "kind": "individual"}),
        ("POST", "/v1/namespaces", {"name": "mine", "banned_at": None}),
        ("POST", "/v1/namespaces/acme/domains", {"domain": "x.org", "verified_at": "2020-01-01"}),
        ("POST", "/v1/namespaces/acme/invitations", {"username": "acme", "invited_by": "root"}),
        ("PUT", "/v1/namespaces/acme/members/acme", {"role": "owner", "account_id": 1}),
        ("POST", "/v1/auth/password",
         {"current_password": PASSWORD, "new_password": PASSWORD, "username": "root"}),
        ("POST", "/v1/auth/email",
         {"current_password": PASSWORD, "email": None, "username": "root"}),
        ("POST", "/v1/auth/device/approve",
         {"user_code": "BBBB-BBBB", "approve": True, "scopes": ["admin"]}),
    ],
)  # fmt: skip
async def test_a_field_nobody_asked_for_is_refused(
    acme: AsgiClient, method: str, path: str, body: dict[str, object]
) -> None:
    answer = await send(acme, method, path, body)
    assert (answer.status, answer.json()["errors"][0]["rule"]) == (422, "extra-forbidden")


@pytest.mark.parametrize("role", ["root", "OWNER", "", None, ["owner"], 1])
async def test_a_role_is_one_of_four(acme: AsgiClient, role: object) -> None:
    path = "/v1/namespaces/acme/members/acme"
    assert (await send(acme, "PUT", path, {"role": role})).status == 422


async def test_no_answer_carries_what_credentials_are_made_of(
    acme: AsgiClient, registry: Registry
) -> None:
    await organisation(acme)
    await join(acme, "crew", "bob", "reader")
    await send(acme, "POST", "/v1/tokens", {"name": "ci"})
    registry.sql("UPDATE accounts SET is_admin = true, email = 'acme@example.org'")
    for path in (
        "/v1/auth/me",
        "/v1/tokens",
        "/v1/namespaces",
        "/v1/namespaces/crew",
        "/v1/namespaces/crew/members",
        "/v1/namespaces/crew/domains",
        "/v1/invitations",
        "/v1/admin/accounts",
        "/v1/admin/namespaces",
    ):
        answer = await acme.get(path)
        assert answer.status == 200, path
        shown = set(_names(answer.json()))
        assert not [name for name in shown if any(part in name for part in FORBIDDEN)], path


async def test_a_mail_address_is_shown_to_its_owner_and_to_administrators(
    acme: AsgiClient, registry: Registry
) -> None:
    registry.sql("UPDATE accounts SET email = 'acme@example.org' WHERE username = 'acme'")
    await organisation(acme)
    bob = await join(acme, "crew", "bob", "owner")
    for client in (bob, await signed_up(AsgiClient(acme.app), "eve"), AsgiClient(acme.app)):
        for path in ("/v1/namespaces/crew/members", "/v1/namespaces/acme", "/v1/admin/accounts"):
            assert b"example.org" not in (await client.get(path)).body
    assert (await acme.get("/v1/auth/me")).json()["email"] == "acme@example.org"


def _names(document: Any) -> list[str]:
    if isinstance(document, list):
        return [name for item in document for name in _names(item)]
    if isinstance(document, dict):
        return [*document, *(name for item in document.values() for name in _names(item))]
    return []
