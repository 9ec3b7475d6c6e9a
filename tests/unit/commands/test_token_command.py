"""skillpkg token, and the warning before a token ends."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime, timedelta

import pytest

from skillpkg.client.transport import Request, Response
from skillpkg.commands import session
from support.client_world import World, answer

NOW = datetime(2026, 11, 21, tzinfo=UTC)
TOKENS = [
    {
        "id": "t1",
        "name": "ci\x1b[2J",
        "scopes": ["publish", "read"],
        "limits": ["acme"],
        "expires_at": "2027-01-01T00:00:00Z",
        "last_used_at": None,
    }
]


@pytest.fixture
def site(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    world.add_server()
    monkeypatch.setenv("SKILLPKG_TOKEN", "skreg_kept")
    monkeypatch.setattr(session, "now", lambda: NOW)
    world.server.routes |= {
        "POST /v1/auth/login": answer(200, {"access_token": "session"}),
        "POST /v1/tokens": answer(201, {"id": "t2", "token": "skreg_new", "expires_at": "2027-"}),
        "GET /v1/tokens": answer(200, TOKENS),
        "DELETE /v1/tokens/t1": Response(204, {}, b""),
        "POST /v1/tokens/leaked": _leaked,
    }
    return world


def _leaked(request: Request) -> Response:
    sent = json.loads(request.body or b"{}")
    return answer(200, {"revoked": sent["token"] == "skreg_found"})


def test_a_token_is_created_as_it_is_described(site: World) -> None:
    words = ["--scope", "publish", "--scope", "read", "--days", "7", "--limit", "acme/demo"]
    made = site.ok("token", "create", "ci", *words, "--network", "10.0.0.0/8", "--read-only")
    assert made.out == "skreg_new\n"
    (sent,) = site.server.sent("POST", "/v1/tokens")
    assert json.loads(sent.body or b"") == {
        "name": "ci",
        "scopes": ["publish", "read"],
        "expires_in_days": 7,
        "limits": ["acme/demo"],
        "networks": ["10.0.0.0/8"],
        "read_only": True,
    }
    assert (sent.token, sent.repeatable) == ("skreg_kept", False)


def test_a_person_logs_in_for_one_command(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKILLPKG_TOKEN")
    monkeypatch.setattr(sys, "stdin", io.StringIO("hunter22\n"))
    site.ok("token", "create", "ci", "--username", "alice", "--password-stdin", "--json")
    assert site.server.sent("POST", "/v1/tokens")[0].token == "session"
    assert site.run("token", "list").code == 5


def test_tokens_are_listed(site: World) -> None:
    shown = site.ok("token", "list").out
    assert "t1  ci[2J  publish,read  acme    2027-01-01  never" in shown
    assert site.ok("token", "list", "--json").document == {"tokens": TOKENS}
    site.server.routes["GET /v1/tokens"] = answer(200, [])
    assert "no tokens" in site.ok("token", "list").out


@pytest.mark.parametrize("body", [{"tokens": []}, [1], None])
def test_an_answer_that_is_no_list(site: World, body: object) -> None:
    site.server.routes["GET /v1/tokens"] = answer(200, body)
    assert site.run("token", "list").code == 6


def test_a_refusal_says_so(site: World) -> None:
    site.server.routes["GET /v1/tokens"] = answer(403, {"title": "Forbidden", "detail": "small"})
    assert site.run("token", "list").code == 5


def test_a_token_is_revoked(site: World) -> None:
    assert site.ok("token", "revoke", "t1", "--json").document == {"id": "t1", "revoked": True}
    assert "Revoked t1" in site.ok("token", "revoke", "t1").out


def test_a_found_token_is_reported_without_a_login(
    site: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKILLPKG_TOKEN")
    monkeypatch.setattr(sys, "stdin", io.StringIO("skreg_found\n"))
    found = site.ok("token", "report", "-", "--found-at", "https://example.org")
    assert "is revoked" in found.out
    assert "no good token" in site.ok("token", "report", "skreg_other").out


@pytest.mark.parametrize(("days", "warns"), [(3, True), (13, True), (15, False)])
def test_a_token_that_ends_soon_is_told_of_once(site: World, days: int, warns: bool) -> None:
    ends = f"{NOW + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
    site.server.routes["GET /v1/tokens"] = answer(200, TOKENS, **{"x-skreg-token-expires": ends})
    result = site.ok("token", "list")
    assert result.err.count("skillpkg login") == int(warns)


def test_a_date_that_is_none_is_passed_over(site: World) -> None:
    odd = answer(200, TOKENS, **{"x-skreg-token-expires": "tomorrow"})
    site.server.routes["GET /v1/tokens"] = odd
    assert site.ok("token", "list").err == ""


def test_the_warning_comes_once(site: World) -> None:
    from skillpkg.output import Output

    err = io.StringIO()
    warn = session.expiry_warning(Output(stderr=err), "renew")
    for _ in range(3):
        warn("2026-11-22T00:00:00Z")
    assert err.getvalue().count("2026-11-22") == 1
