"""Organisations, members and invitations."""

from __future__ import annotations

import asyncio

import pytest

from skreg.api.services import invitations, namespaces
from support.accounts import join, organisation, send
from support.asgi import AsgiClient
from support.registry import Registry, signed_up
from support.skills import make_skill

MEMBERS = "/v1/namespaces/crew/members"
INVITATIONS = "/v1/namespaces/crew/invitations"


@pytest.fixture
async def crew(acme: AsgiClient) -> AsgiClient:
    return await organisation(acme)


async def test_who_creates_an_organisation_owns_it(crew: AsgiClient) -> None:
    shown = (await AsgiClient(crew.app).get("/v1/namespaces/crew")).json()
    assert (shown["kind"], shown["domains"], shown["banned"]) == ("organisation", [], False)
    mine = (await crew.get("/v1/namespaces")).json()
    assert [(item["name"], item["kind"], item["role"]) for item in mine] == [
        ("acme", "individual", "owner"),
        ("crew", "organisation", "owner"),
    ]
    assert (await crew.get("/v1/auth/me")).json()["namespaces"] == ["acme", "crew"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("acme", 409), ("crew", 409), ("bins", 422), ("b1ns", 422), ("a--b", 422), ("c-rew", 409),
     ("con", 422), ("Crew", 422), ("a\u0000", 422)],
)  # fmt: skip
async def test_a_name_that_cannot_be_given(crew: AsgiClient, name: str, status: int) -> None:
    assert (await send(crew, "POST", "/v1/namespaces", {"name": name})).status == status


async def test_of_look_alike_accounts_that_come_together_one_is_made(client: AsgiClient) -> None:
    names = ["bob1", "bobl", "b0b1", "b0bi", "bo-b1"]
    work = (signed_up_status(client, name) for name in names)
    assert sorted(await asyncio.gather(*work)) == [201, 409, 409, 409, 409]


async def signed_up_status(client: AsgiClient, name: str) -> int:
    body = {"username": name, "password": "correct horse battery staple"}
    return (await client.post("/v1/auth/signup", body)).status


async def test_names_that_look_alike_since_before_the_rule_stay(
    client: AsgiClient, registry: Registry
) -> None:
    registry.sql("INSERT INTO namespaces (name, kind) VALUES ('b0b', 'individual')")
    registry.sql("INSERT INTO namespaces (name, kind) VALUES ('bob', 'individual')")
    answer = await client.post(
        "/v1/auth/signup", {"username": "bo-b", "password": "correct horse battery staple"}
    )
    assert (answer.status, "b0b" in answer.json()["detail"]) == (409, True)


async def test_an_account_owns_so_many(crew: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "MAX_ORGANISATIONS", 1)
    assert (await send(crew, "POST", "/v1/namespaces", {"name": "second"})).status == 409


async def test_an_invitation_makes_a_member_when_it_is_accepted(crew: AsgiClient) -> None:
    bob = await signed_up(crew, "bob")
    made = await send(crew, "POST", INVITATIONS, {"username": "bob", "role": "reader"})
    assert (await bob.get(MEMBERS)).status == 403
    (mine,) = (await bob.get("/v1/invitations")).json()
    assert (mine["namespace"], mine["role"], mine["invited_by"]) == ("crew", "reader", "acme")
    assert [item["id"] for item in (await crew.get(INVITATIONS)).json()] == [made.json()["id"]]
    assert (await bob.post(f"/v1/invitations/{mine['id']}/accept")).status == 200
    members = (await bob.get(MEMBERS)).json()
    assert [(item["username"], item["role"]) for item in members] == [
        ("acme", "owner"),
        ("bob", "reader"),
    ]
    assert (await bob.post(f"/v1/invitations/{mine['id']}/accept")).status == 404


async def test_an_invitation_is_declined_or_withdrawn(crew: AsgiClient, registry: Registry) -> None:
    bob = await signed_up(crew, "bob")
    for path, client in (("decline", bob), ("withdraw", crew), ("over", crew)):
        made = await send(crew, "POST", INVITATIONS, {"username": "bob"})
        number = made.json()["id"]
        if path == "decline":
            assert (await client.post(f"/v1/invitations/{number}/decline")).status == 200
        elif path == "withdraw":
            assert (await send(client, "DELETE", f"{INVITATIONS}/{number}")).status == 204
        else:
            registry.sql("UPDATE invitations SET expires_at = now() - interval '1 second'")
        assert (await bob.get("/v1/invitations")).json() == []
        assert (await bob.post(f"/v1/invitations/{number}/accept")).status == 404
    assert (await bob.get(MEMBERS)).status == 403


async def test_another_ones_invitation_is_not_told_from_none(crew: AsgiClient) -> None:
    bob, eve = await signed_up(crew, "bob"), await signed_up(crew, "eve")
    made = (await send(crew, "POST", INVITATIONS, {"username": "bob"})).json()
    stolen = await eve.post(f"/v1/invitations/{made['id']}/accept")
    nothing = await eve.post(f"/v1/invitations/{'0' * 16}/accept")
    odd = await eve.post("/v1/invitations/%00/accept")
    details = {answer.json()["detail"] for answer in (stolen, nothing, odd)}
    assert ([item.status for item in (stolen, nothing, odd)], len(details)) == ([404] * 3, 1)
    await organisation(eve, "others")
    path = f"/v1/namespaces/others/invitations/{made['id']}"
    assert (await send(eve, "DELETE", path)).status == 404
    assert len((await bob.get("/v1/invitations")).json()) == 1


async def test_who_can_be_invited(crew: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = await send(crew, "POST", INVITATIONS, {"username": "nobody"})
    member = await send(crew, "POST", INVITATIONS, {"username": "acme"})
    assert (nobody.status, member.status) == (404, 409)
    await signed_up(crew, "bob")
    again = [await send(crew, "POST", INVITATIONS, {"username": "bob"}) for _ in range(2)]
    assert [item.status for item in again] == [201, 201]
    assert len((await crew.get(INVITATIONS)).json()) == 1
    monkeypatch.setattr(invitations, "MAX_OPEN", 1)
    await signed_up(crew, "eve")
    assert (await send(crew, "POST", INVITATIONS, {"username": "eve"})).status == 409


async def test_an_individual_namespace_has_one_owner(acme: AsgiClient) -> None:
    await signed_up(acme, "bob")
    path = "/v1/namespaces/acme/invitations"
    owner = await send(acme, "POST", path, {"username": "bob", "role": "owner"})
    assert (owner.status, owner.json()["errors"][0]["rule"]) == (422, "individual")
    await join(acme, "acme", "carol", "maintainer")
    mine = "/v1/namespaces/acme/members/carol"
    assert (await send(acme, "PUT", mine, {"role": "owner"})).status == 422
    own = "/v1/namespaces/acme/members/acme"
    assert (await send(acme, "PUT", own, {"role": "reader"})).status == 422


async def test_the_last_owner_stays(crew: AsgiClient, registry: Registry) -> None:
    await join(crew, "crew", "bob", "maintainer")
    mine = f"{MEMBERS}/acme"
    assert (await send(crew, "DELETE", mine)).status == 409
    assert (await send(crew, "PUT", mine, {"role": "reader"})).status == 409
    assert (await send(crew, "PUT", f"{MEMBERS}/bob", {"role": "owner"})).status == 204
    registry.sql("UPDATE accounts SET disabled_at = now() WHERE username = 'bob'")
    assert (await send(crew, "DELETE", mine)).status == 409
    registry.sql("UPDATE accounts SET disabled_at = NULL WHERE username = 'bob'")
    assert (await send(crew, "DELETE", mine)).status == 204
    assert (await crew.get(MEMBERS)).status == 403


async def test_two_owners_that_leave_at_once_do_not_both_leave(crew: AsgiClient) -> None:
    bob = await join(crew, "crew", "bob", "owner")
    answers = await asyncio.gather(
        send(crew, "DELETE", f"{MEMBERS}/acme"), send(bob, "DELETE", f"{MEMBERS}/bob")
    )
    assert sorted(item.status for item in answers) == [204, 409]


@pytest.mark.parametrize("role", ["maintainer", "publisher", "reader"])
async def test_members_leave_when_they_like(crew: AsgiClient, role: str) -> None:
    bob = await join(crew, "crew", "bob", role)
    assert (await send(bob, "DELETE", f"{MEMBERS}/acme")).status == 403
    assert (await send(bob, "DELETE", f"{MEMBERS}/bob")).status == 204
    assert (await bob.get(MEMBERS)).status == 403
    assert (await send(crew, "DELETE", f"{MEMBERS}/bob")).status == 404
    assert (await send(crew, "DELETE", f"{MEMBERS}/nobody")).status == 404


@pytest.mark.parametrize(
    ("role", "publishes", "yanks"),
    [("owner", 202, 404), ("maintainer", 202, 404), ("publisher", 202, 403), ("reader", 403, 403)],
)
async def test_what_the_roles_may(crew: AsgiClient, role: str, publishes: int, yanks: int) -> None:
    bob = await join(crew, "crew", "bob", role)
    published = await bob.upload("/v1/packages/crew/demo/publish", make_skill("crew", "demo"))
    yanked = await bob.post("/v1/packages/crew/demo/9.9.9/yank", {"reason": "x"})
    assert (published.status, yanked.status) == (publishes, yanks)


async def test_every_change_leaves_a_line(crew: AsgiClient, registry: Registry) -> None:
    await join(crew, "crew", "bob", "reader")
    await send(crew, "PUT", f"{MEMBERS}/bob", {"role": "publisher"})
    await send(crew, "DELETE", f"{MEMBERS}/bob")
    found = registry.sql("SELECT action, address FROM audit WHERE subject = 'crew' ORDER BY id")
    assert found == [
        (action, "127.0.0.1")
        for action in (
            "namespace-created",
            "invited",
            "invitation-accepted",
            "member-role",
            "member-removed",
        )
    ]


@pytest.mark.parametrize("name", ["nobody", "%00", "a%2Fb", "ünïcode"])
async def test_a_namespace_that_is_not_there(acme: AsgiClient, name: str) -> None:
    for method, path in (
        ("GET", f"/v1/namespaces/{name}"),
        ("GET", f"/v1/namespaces/{name}/members"),
    ):
        assert (await acme.request(method, path)).status in (404, 422)
