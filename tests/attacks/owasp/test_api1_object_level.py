"""OWASP API1:2023, broken object level authorization: another one's objects by their ids.

Eve has an account and an organisation of her own, and knows every id of acme's. Nothing of acme's
may be read or changed by naming it, and what is not hers is not told from what does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import pytest_asyncio

from support.accounts import organisation, send, send_form, token_of
from support.asgi import AsgiClient
from support.registry import Registry, signed_up
from support.skills import make_skill


@dataclass
class Stage:
    """Eve, and the ids of what is not hers."""

    eve: AsgiClient
    acme: AsgiClient
    token: str
    invitation: str
    user_code: str


@pytest_asyncio.fixture
async def stage(acme: AsgiClient, registry: Registry) -> Stage:
    anonymous = AsgiClient(acme.app)
    await organisation(acme)
    await signed_up(anonymous, "bob")
    eve = await organisation(await signed_up(anonymous, "eve"), "lair")
    made = await send(acme, "POST", "/v1/tokens", {"name": "ci", "scopes": ["publish"]})
    path = "/v1/namespaces/crew/invitations"
    invited = await send(acme, "POST", path, {"username": "bob", "role": "owner"})
    await send(acme, "POST", "/v1/namespaces/crew/domains", {"domain": "example.org"})
    begun = await send_form(anonymous, "/v1/auth/device/code", client_id="acme's laptop")
    code = begun.json()["user_code"]
    return Stage(eve, acme, made.json()["id"], invited.json()["id"], code)


ATTACKS = [
    ("DELETE", "/v1/tokens/{token}", None),
    ("POST", "/v1/invitations/{invitation}/accept", None),
    ("POST", "/v1/invitations/{invitation}/decline", None),
    ("DELETE", "/v1/namespaces/crew/invitations/{invitation}", None),
    ("DELETE", "/v1/namespaces/lair/invitations/{invitation}", None),
    ("GET", "/v1/namespaces/crew/invitations", None),
    ("GET", "/v1/namespaces/crew/members", None),
    ("PUT", "/v1/namespaces/crew/members/eve", {"role": "owner"}),
    ("PUT", "/v1/namespaces/crew/members/acme", {"role": "reader"}),
    ("DELETE", "/v1/namespaces/crew/members/acme", None),
    ("DELETE", "/v1/namespaces/crew/members/eve", None),
    ("POST", "/v1/namespaces/crew/invitations", {"username": "eve", "role": "owner"}),
    ("GET", "/v1/namespaces/crew/domains", None),
    ("POST", "/v1/namespaces/crew/domains", {"domain": "eve.example"}),
    ("POST", "/v1/namespaces/crew/domains/example.org/verify", None),
    ("DELETE", "/v1/namespaces/crew/domains/example.org", None),
    ("DELETE", "/v1/namespaces/lair/domains/example.org", None),
    ("POST", "/v1/packages/acme/demo/1.0.0/yank", {"reason": "mine now"}),
]


@pytest.mark.parametrize(("method", "path", "body"), ATTACKS)
@pytest.mark.parametrize("way", ["session", "token"])
async def test_knowing_an_id_gives_nothing(
    stage: Stage, registry: Registry, method: str, path: str, body: object, way: str
) -> None:
    eve = stage.eve if way == "session" else await token_of(stage.eve, "read", "yank", "admin")
    before = _state(registry)
    target = path.format(token=stage.token, invitation=stage.invitation)
    answer = await send(eve, method, target, body)
    assert answer.status in (403, 404), answer.body
    assert _state(registry) == before


def _state(registry: Registry) -> list[object]:
    tables = ("memberships", "invitations", "namespace_domains", "namespaces")
    found: list[object] = [registry.sql(f"SELECT * FROM {name} ORDER BY 1, 2") for name in tables]
    return [*found, registry.sql("SELECT id, revoked_at FROM tokens WHERE name = 'ci'")]


async def test_others_objects_are_not_told_from_none(stage: Stage) -> None:
    for real, made_up in (
        (f"/v1/tokens/{stage.token}", "/v1/tokens/" + "0" * 16),
        (f"/v1/namespaces/lair/invitations/{stage.invitation}",
         "/v1/namespaces/lair/invitations/" + "0" * 16),
    ):  # fmt: skip
        answers = [await send(stage.eve, "DELETE", path) for path in (real, made_up)]
        said = {a.json()["detail"].replace(stage.token, "").replace("0" * 16, "") for a in answers}
        assert [item.status for item in answers] == [404, 404]
        assert len(said) == 1


async def test_a_publish_into_anothers_namespace_leaves_nothing(
    stage: Stage, registry: Registry
) -> None:
    data = make_skill("crew", "demo")
    assert (await stage.eve.upload("/v1/packages/crew/demo/publish", data)).status == 403
    stolen = await stage.eve.upload("/v1/packages/lair/demo/publish", data)
    assert stolen.status == 422
    assert registry.sql("SELECT count(*) FROM packages") == [(0,)]


async def test_a_device_that_eve_approves_is_eves(stage: Stage) -> None:
    """Approving another's code logs that device in as Eve: it never becomes acme's."""
    body = {"user_code": stage.user_code, "approve": True}
    assert (await stage.eve.post("/v1/auth/device/approve", body)).status == 204
    assert (await stage.acme.post("/v1/auth/device/approve", body)).status == 404


async def test_lists_show_what_is_ones_own(stage: Stage) -> None:
    for path in ("/v1/tokens", "/v1/invitations"):
        assert (await stage.eve.get(path)).json() == []
    names = [item["name"] for item in (await stage.eve.get("/v1/namespaces")).json()]
    assert names == ["eve", "lair"]
