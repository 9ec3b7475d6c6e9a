"""OWASP API5:2023, broken function level authorization: functions that are for others.

The matrix in tests/unit/api tries every documented route; here are the ways around it: other
methods, other spellings of a path, headers that rewrite it, and rights that were taken away.
"""

from __future__ import annotations

import pytest

from support.accounts import join, organisation, send, token_of
from support.asgi import AsgiClient
from support.registry import Registry, signed_up

ADMIN = "/v1/admin/accounts"
SPELLINGS = [
    "/v1/admin/accounts/",
    "//v1/admin/accounts",
    "/v1//admin/accounts",
    "/v1/./admin/accounts",
    "/v1/tokens/../admin/accounts",
    "/v1/%61dmin/accounts",
    "/V1/ADMIN/accounts",
    "/v1/admin/accounts;x=1",
    "/v1/admin/accounts%00",
    "/v1/admin/accounts%2f",
    "/v1/admin%2faccounts",
    "/v1/admin/accounts.json",
]


@pytest.mark.parametrize("path", SPELLINGS)
async def test_another_spelling_opens_nothing(acme: AsgiClient, path: str) -> None:
    for client in (acme, AsgiClient(acme.app)):
        answer = await client.get(path)
        assert answer.status in (401, 403, 404)
        assert b"created_at" not in answer.body


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "X"])
async def test_another_method_opens_nothing(
    acme: AsgiClient, registry: Registry, method: str
) -> None:
    before = registry.sql("SELECT * FROM accounts ORDER BY id")
    for path in (ADMIN, f"{ADMIN}/acme", f"{ADMIN}/acme/reset-code", f"{ADMIN}/acme/tokens"):
        assert (await send(acme, method, path, {"is_admin": True})).status in (401, 403, 404, 405)
    assert registry.sql("SELECT * FROM accounts ORDER BY id") == before


@pytest.mark.parametrize(
    "header",
    [
        {"x-http-method-override": "PATCH"},
        {"x-original-url": ADMIN},
        {"x-rewrite-url": ADMIN},
        {"x-forwarded-prefix": "/v1/admin"},
        {"x-forwarded-user": "root"},
        {"x-remote-user": "root"},
        {"x-forwarded-for": "127.0.0.1"},
    ],
)
async def test_headers_of_a_proxy_give_no_rights(acme: AsgiClient, header: dict[str, str]) -> None:
    assert (await acme.get(ADMIN, **header)).status == 403
    assert (await AsgiClient(acme.app).get(ADMIN, **header)).status == 401
    assert (await acme.get("/v1/auth/me", **header)).json()["username"] == "acme"


async def test_rights_that_were_taken_are_gone_with_open_sessions_and_tokens(
    acme: AsgiClient, registry: Registry
) -> None:
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'acme'")
    token = await token_of(acme, "admin")
    assert [(await item.get(ADMIN)).status for item in (acme, token)] == [200, 200]
    registry.sql("UPDATE accounts SET is_admin = false")
    assert [(await item.get(ADMIN)).status for item in (acme, token)] == [403, 403]


async def test_a_smaller_role_counts_at_once(acme: AsgiClient) -> None:
    await organisation(acme)
    bob = await join(acme, "crew", "bob", "owner")
    token = await token_of(bob, "admin")
    path = "/v1/namespaces/crew/members/bob"
    assert (await send(acme, "PUT", path, {"role": "reader"})).status == 204
    for client in (bob, token):
        assert (await send(client, "PUT", path, {"role": "owner"})).status == 403


async def test_no_token_grows(acme: AsgiClient) -> None:
    """From a token of one scope no other scope can be reached."""
    for scope in ("read", "publish", "yank"):
        small = await token_of(acme, scope)
        for wanted in ("read", "publish", "yank", "admin"):
            made = await send(small, "POST", "/v1/tokens", {"name": "x", "scopes": [wanted]})
            assert made.status == 403
    admin = await token_of(acme, "admin")
    made = await send(admin, "POST", "/v1/tokens", {"name": "x", "scopes": ["publish"]})
    assert made.status == 403


async def test_a_member_makes_nobody_more_than_a_member(acme: AsgiClient) -> None:
    await organisation(acme)
    await signed_up(AsgiClient(acme.app), "eve")
    for role in ("maintainer", "publisher", "reader"):
        member = await join(acme, "crew", f"a-{role}", role)
        path = "/v1/namespaces/crew"
        invited = await send(member, "POST", f"{path}/invitations", {"username": "eve"})
        raised = await send(member, "PUT", f"{path}/members/a-{role}", {"role": "owner"})
        assert (invited.status, raised.status) == (403, 403)
