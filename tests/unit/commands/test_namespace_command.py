"""skillpkg namespace: what it sends and what it shows."""

from __future__ import annotations

import json

import pytest

from skillpkg.client.transport import Response
from support.client_world import World, answer

INVITATION = {
    "id": "i1",
    "namespace": "crew",
    "username": "bob",
    "role": "reader",
    "invited_by": "alice",
    "expires_at": "2026-12-01T10:00:00.000000Z",
}
DOMAIN = {
    "domain": "example.org",
    "proof": "skreg-verification=x",
    "record_name": "_skreg.example.org",
    "file_url": "https://example.org/.well-known/skreg-verification",
}


@pytest.fixture
def site(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    world.add_server()
    monkeypatch.setenv("SKILLPKG_TOKEN", "skreg_kept")
    shown = {"name": "crew", "kind": "organisation", "created_at": "2026-11-21T10:00:00.000000Z"}
    world.server.routes |= {
        "POST /v1/namespaces": answer(201, {"name": "crew"}),
        "GET /v1/namespaces": answer(200, [{"name": "a", "kind": "individual", "role": "owner"}]),
        "GET /v1/namespaces/crew": answer(200, {**shown, "domains": ["example.org"]}),
        "GET /v1/namespaces/bad": answer(200, {**shown, "banned": True, "banned_reason": "spam"}),
        "GET /v1/namespaces/crew/members": answer(200, [{"username": "bob", "role": "reader"}]),
        "POST /v1/namespaces/crew/invitations": answer(201, INVITATION),
        "GET /v1/namespaces/crew/invitations": answer(200, [INVITATION]),
        "GET /v1/invitations": answer(200, []),
        "POST /v1/invitations/i1/accept": answer(200, INVITATION),
        "POST /v1/invitations/i1/decline": answer(200, INVITATION),
        "PUT /v1/namespaces/crew/members/bob": Response(204, {}, b""),
        "DELETE /v1/namespaces/crew/members/bob": Response(204, {}, b""),
        "DELETE /v1/namespaces/crew/members/alice": Response(204, {}, b""),
        "GET /v1/auth/me": answer(200, {"username": "alice", "namespaces": ["alice", "crew"]}),
        "POST /v1/namespaces/crew/domains": answer(201, DOMAIN),
        "POST /v1/namespaces/crew/domains/example.org/verify": answer(200, DOMAIN),
    }
    return world


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "crew"], "crew/ is yours."),
        (["list"], "a     individual  owner"),
        (["show", "crew"], "domains  example.org"),
        (["show", "bad"], "banned   spam"),
        (["members", "crew"], "bob       reader  -"),
        (["invite", "crew", "bob", "--role", "reader"], "skillpkg namespace accept i1"),
        (["invitations", "crew"], "i1  crew       bob       reader  alice       2026-12-01"),
        (["invitations"], "None."),
        (["accept", "i1"], "You are reader of crew."),
        (["decline", "i1"], "You did not become reader of crew."),
        (["set-role", "crew", "bob", "publisher"], "bob is publisher of crew."),
        (["remove", "crew", "bob"], "bob is no member of crew any more."),
        (["leave", "crew"], "You left crew. Yours: alice."),
        (["claim", "crew", "example.org"], "as the TXT record of _skreg.example.org"),
        (["verify", "crew", "example.org"], "example.org is proved for crew."),
    ],
)
def test_a_verb(site: World, words: list[str], said: str) -> None:
    assert said in site.ok("namespace", *words).out
    assert site.ok("namespace", *words, "--json").document


def test_what_is_sent(site: World) -> None:
    site.ok("namespace", "invite", "crew", "bob")
    site.ok("namespace", "verify", "crew", "example.org", "--https")
    site.ok("namespace", "set-role", "crew", "bob", "owner")
    sent = [json.loads(item.body) for item in site.server.asked if item.body]
    assert sent == [
        {"username": "bob", "role": "publisher"},
        {"method": "https"},
        {"role": "owner"},
    ]


def test_a_name_cannot_leave_its_place_in_the_address(site: World) -> None:
    assert site.run("namespace", "members", "../auth/me?").code == 4
    assert site.server.asked[-1].url.endswith("/v1/namespaces/..%2Fauth%2Fme%3F/members")


def test_a_role_is_one_of_four(site: World) -> None:
    assert site.run("namespace", "set-role", "crew", "bob", "root").code == 2
