"""unpublish, reader, account: what is sent, with whose right, and what is shown."""

from __future__ import annotations

import getpass
import io
import json
import sys
from typing import Any

import pytest

from skillpkg.client.transport import Request, Response
from skillpkg.output import Output
from support.client_world import World, answer

READERS = "/v1/packages/acme/demo/readers"
DONE = Response(204, {}, b"")


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    world.add_server()
    world.server.routes["POST /v1/auth/login"] = answer(200, {"access_token": "session"})
    return world


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def body(request: Request) -> Any:
    return json.loads(request.body or b"null")


def as_owner(world: World, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    typed(monkeypatch, "the password")
    return world.ok(*words, "--username", "acme", "--password-stdin").out


def test_unpublish(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/v1/packages/acme/demo/1.0.0%2Bb1"
    here.server.routes[f"DELETE {path}"] = answer(200, {"state": "withdrawn"})
    words = ("unpublish", "acme/demo@1.0.0+b1", "--reason", "a mistake")
    assert "its number stays taken" in as_owner(here, monkeypatch, *words)
    (sent,) = here.server.sent("DELETE", path)
    assert (sent.token, body(sent)) == ("session", {"reason": "a mistake"})
    assert here.run("unpublish", "acme/demo").code == 2


def test_readers_are_shown_added_and_removed(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    found = answer(200, {"restricted": True, "own": None, "readers": ["bob"]})
    routes = ("GET " + READERS, f"PUT {READERS}/bob", f"DELETE {READERS}/bob")
    here.server.routes |= dict.fromkeys(routes, found)
    assert "members of its namespace and: bob." in as_owner(
        here, monkeypatch, "reader", "list", "acme/demo"
    )
    as_owner(here, monkeypatch, "reader", "add", "acme/demo", "bob")
    as_owner(here, monkeypatch, "reader", "remove", "acme/demo", "bob")
    assert [here.server.sent(*one.split())[0].token for one in routes] == ["session"] * 3


@pytest.mark.parametrize(
    ("words", "restricted"), [((), True), (("--off",), False), (("--as-namespace",), None)]
)
def test_a_skill_is_restricted(
    here: World, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], restricted: bool | None
) -> None:
    told = {"restricted": bool(restricted), "own": restricted, "readers": []}
    here.server.routes[f"PUT {READERS}"] = answer(200, told)
    said = as_owner(here, monkeypatch, "reader", "restrict", "acme/demo", *words)
    assert ("nobody else" in said) == bool(restricted)
    (sent,) = here.server.sent("PUT", READERS)
    assert body(sent) == {"restricted": restricted}


@pytest.mark.parametrize("off", [True, False])
def test_a_namespace_is_restricted(here: World, monkeypatch: pytest.MonkeyPatch, off: bool) -> None:
    path = "/v1/namespaces/acme/restriction"
    here.server.routes[f"PUT {path}"] = answer(200, {"restricted": not off})
    words = ["--off"] if off else []
    said = as_owner(here, monkeypatch, "reader", "restrict", "acme", *words)
    assert ("everybody" in said) == off
    assert body(here.server.sent("PUT", path)[0]) == {"restricted": not off}
    assert here.run("reader", "restrict", "acme", "--as-namespace").code == 2


def test_a_password_is_changed(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here.server.routes["POST /v1/auth/password"] = DONE
    typed(monkeypatch, "the old one", "the new one")
    assert "changed" in here.ok("account", "password", "acme", "--password-stdin").out
    (opened,) = here.server.sent("POST", "/v1/auth/login")
    assert body(opened) == {"username": "acme", "password": "the old one"}
    (sent,) = here.server.sent("POST", "/v1/auth/password")
    assert sent.token == "session"
    assert body(sent) == {"current_password": "the old one", "new_password": "the new one"}
    assert sent.repeatable is False


def test_two_new_passwords_that_differ_change_nothing(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["the old one", "the new one", "another"])
    monkeypatch.setattr(getpass, "getpass", lambda _: next(answers))
    monkeypatch.setattr(Output, "is_interactive", True)
    assert "differ" in here.run("account", "password", "acme").err
    assert here.server.sent("POST", "/v1/auth/password") == []


def test_a_mail_address_is_set_and_removed(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here.server.routes["POST /v1/auth/email"] = DONE
    for words in (["a@example.org"], ["--none"]):
        typed(monkeypatch, "the password")
        here.ok("account", "email", "acme", *words, "--password-stdin")
    sent = [body(one) for one in here.server.sent("POST", "/v1/auth/email")]
    assert [one["email"] for one in sent] == ["a@example.org", None]
    for words in ([], ["a@example.org", "--none"]):
        assert here.run("account", "email", "acme", *words).code == 2


def test_a_forgotten_password_is_reset(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here.server.routes |= {"POST /v1/auth/reset/request": answer(202, {})}
    here.server.routes |= {"POST /v1/auth/reset": DONE}
    assert "account reset acme --code CODE" in here.ok("account", "reset", "acme").out
    typed(monkeypatch, "the new one")
    words = ("--code", "7KQ2M-X9RTB", "--revoke-tokens", "--password-stdin")
    assert "skillpkg login acme" in here.ok("account", "reset", "acme", *words).out
    (sent,) = here.server.sent("POST", "/v1/auth/reset")
    assert (sent.token, sent.repeatable) == (None, False)
    wanted = {"code": "7KQ2M-X9RTB", "new_password": "the new one", "revoke_tokens": True}
    assert body(sent) == wanted
