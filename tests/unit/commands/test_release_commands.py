"""tag, deprecate, transfer, report: what is sent, what is shown, what the next command is."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from skillpkg.client.transport import Request, Response
from support.client_world import World, answer

BASE = "/v1/packages/alice/helper"
TAGS = {"namespace": "alice", "name": "helper", "tags": {"beta": "1.0.0", "latest": "1.0.0"}}
OFFER = {
    "id": "t1",
    "namespace": "alice",
    "name": "helper",
    "to_namespace": "acme",
    "to_name": "helper",
    "expires_at": "2026-12-05T00:00:00Z",
}


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("SKILLPKG_TOKEN", "skreg_t")
    world.add_server()
    return world


def body(request: Request) -> Any:
    return json.loads(request.body or b"null")


def test_a_tag_is_set_shown_and_removed(here: World) -> None:
    here.server.routes |= {
        f"PUT {BASE}/dist-tags/beta": answer(200, TAGS),
        f"GET {BASE}/dist-tags": answer(200, TAGS),
        f"DELETE {BASE}/dist-tags/beta": answer(200, {"tags": None}),
    }
    said = here.ok("tag", "set", "alice/helper@1.0.0", "beta").out
    assert "beta" in said
    assert "next: skillpkg install alice/helper@beta" in said
    (sent,) = here.server.sent("PUT", f"{BASE}/dist-tags/beta")
    assert (body(sent), sent.token) == ({"version": "1.0.0"}, "skreg_t")
    assert here.ok("tag", "list", "alice/helper", "--json").document["tags"] == TAGS["tags"]
    assert here.ok("tag", "remove", "alice/helper", "beta", "--json").document["tags"] == {}
    assert here.run("tag", "set", "alice/helper", "beta").code == 2


def test_tags_are_shown_to_anybody(world: World) -> None:
    world.add_server()
    world.server.routes[f"GET {BASE}/dist-tags"] = answer(200, TAGS)
    assert "latest" in world.ok("tag", "list", "alice/helper").out
    assert world.run("tag", "remove", "alice/helper", "beta").code == 5


@pytest.mark.parametrize(
    ("named", "wanted"),
    [("alice/helper", "*"), ("alice/helper@<2", "<2"), ("alice/helper@1.0.0", "1.0.0")],
)
def test_deprecate(here: World, named: str, wanted: str) -> None:
    here.server.routes[f"POST {BASE}/deprecate"] = answer(200, {"versions": ["1.0.0", "1.1.0"]})
    said = here.ok("deprecate", named, "Use acme/other.").out
    assert "Deprecated: alice/helper 1.0.0, 1.1.0" in said
    (sent,) = here.server.sent("POST", f"{BASE}/deprecate")
    assert body(sent) == {"message": "Use acme/other.", "range": wanted}


def test_a_deprecation_is_taken_back(here: World) -> None:
    here.server.routes[f"POST {BASE}/%3C2/undeprecate"] = answer(200, {"versions": ["1.0.0"]})
    assert "No longer deprecated" in here.ok("deprecate", "alice/helper@<2", "--undo").out
    here.server.routes[f"POST {BASE}/%2A/undeprecate"] = answer(200, {})
    assert here.ok("deprecate", "alice/helper", "--undo", "--json").document["versions"] == []


@pytest.mark.parametrize(
    "words", [("alice/helper",), ("alice/helper", "x", "--undo"), ("alice/helper@beta", "x")]
)
def test_what_cannot_be_deprecated(here: World, words: tuple[str, ...]) -> None:
    assert here.run("deprecate", *words).code == 2


def test_a_rename_is_done_at_once(here: World) -> None:
    here.server.routes[f"POST {BASE}/transfer"] = answer(200, {"moved_to": "alice/renamed"})
    said = here.ok("transfer", "begin", "alice/helper", "alice/renamed").out
    assert "alice/helper goes on as alice/renamed." in said
    (sent,) = here.server.sent("POST", f"{BASE}/transfer")
    assert body(sent) == {"to_namespace": "alice", "to_name": "renamed"}


def test_a_transfer_is_offered_and_answered(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here.server.routes |= {
        f"POST {BASE}/transfer": answer(202, OFFER),
        "GET /v1/transfers": answer(200, [OFFER]),
        "POST /v1/transfers/t1/accept": answer(200, {"moved_to": "acme/helper"}),
        "DELETE /v1/transfers/t1": Response(204, {}, b""),
        "POST /v1/auth/login": answer(200, {"access_token": "session"}),
    }
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n"))
    words = ("transfer", "begin", "alice/helper", "@acme", "--username", "alice")
    said = here.ok(*words, "--password-stdin").out
    assert "skillpkg transfer accept t1" in said
    (sent,) = here.server.sent("POST", f"{BASE}/transfer")
    assert (body(sent)["to_name"], sent.token) == ("helper", "session")
    assert "t1  alice/helper  -> acme/helper  until 2026-12-05" in here.ok("transfer", "list").out
    assert "It goes on as acme/helper." in here.ok("transfer", "accept", "t1").out
    assert "nothing has changed" in here.ok("transfer", "decline", "t1").out
    here.server.routes["GET /v1/transfers"] = answer(200, [])
    assert "No transfer waits." in here.ok("transfer", "list").err
    assert here.run("transfer", "begin", "alice/helper", "Not A Name").code != 0


def test_a_report_is_sent(here: World) -> None:
    here.server.routes[f"POST {BASE}/1.0.0/report"] = answer(201, {"id": "r1"})
    words = ("report", "alice/helper@1.0.0", "SKILL.md sends files away")
    assert "Reported alice/helper@1.0.0" in here.ok(*words, "--kind", "malware").out
    (sent,) = here.server.sent("POST", f"{BASE}/1.0.0/report")
    assert body(sent) == {"kind": "malware", "message": "SKILL.md sends files away"}
    assert here.run("report", "alice/helper", "x").code == 2
    assert here.run("report", "alice/helper@1.0.0", "x", "--kind", "odd").code == 2
