"""signup, login, logout, whoami: tokens are bought, kept private, sent home only, and forgotten."""

from __future__ import annotations

import getpass
import io
import json
import stat
import sys

import pytest

from skillpkg.client import credentials
from skillpkg.client.transport import Request, Response
from skillpkg.output import Output
from support.client_world import World, answer

ME = answer(200, {"account": {"username": "alice", "namespaces": ["alice"]}})


def accounts(world: World) -> World:
    world.add_server()
    world.server.routes |= {
        "POST /v1/auth/signup": answer(201, {"account": {"username": "alice"}}),
        "POST /v1/auth/login": answer(200, {"access_token": "session", "expires_in": 900}),
        "POST /v1/tokens": answer(201, {"id": "t1", "token": "skreg_lasting"}),
        "DELETE /v1/tokens/t1": Response(204, {}, b""),
        "GET /v1/auth/me": _me,
    }
    return world


def _me(request: Request) -> Response:
    return ME if request.token == "skreg_lasting" else answer(401, {"title": "Unknown token"})


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def login(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "hunter22hunter22\n")
    world.ok("login", "alice", "--password-stdin")


def test_login_keeps_a_lasting_token_and_no_password(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(world)
    login(world, monkeypatch)
    path = world.home / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "skreg_lasting" in path.read_text()
    assert "hunter22" not in path.read_text()
    (made,) = world.server.sent("POST", "/v1/tokens")
    assert made.token == "session"
    assert made.repeatable is False
    assert world.ok("whoami", "--json").document == {
        "registry": "acme",
        "username": "alice",
        "namespaces": ["alice"],
        "token_in": "file",
    }


def test_signup_logs_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts(world)
    typed(monkeypatch, "hunter22hunter22\n")
    said = world.ok("signup", "alice", "--email", "a@example.org", "--password-stdin")
    assert "namespace is alice/" in said.out
    (sent,) = world.server.sent("POST", "/v1/auth/signup")
    assert json.loads(sent.body or b"")["email"] == "a@example.org"
    assert "publishes to  alice/" in world.ok("whoami").out


def test_a_person_types_the_password_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts(world)
    monkeypatch.setattr(Output, "is_interactive", property(lambda self: True))
    answers = iter(["one", "other", "same", "same", "once"])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))
    assert world.run("signup", "alice").code == 2
    assert world.run("signup", "alice").code == 0
    typed(monkeypatch, "alice\n")
    world.ok("login")


def test_nobody_to_ask_is_a_usage_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts(world)
    assert world.run("login", "alice").code == 2
    assert world.run("login").code == 2
    typed(monkeypatch, "\n")
    assert world.run("login", "alice", "--password-stdin").code == 2


@pytest.mark.parametrize("way", ["argument", "stdin"])
def test_a_token_made_elsewhere(world: World, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    accounts(world)
    typed(monkeypatch, "skreg_lasting\n")
    world.ok("login", "--token", "skreg_lasting" if way == "argument" else "-")
    assert "alice" in world.ok("whoami").out


def test_a_wrong_token_is_not_kept(world: World) -> None:
    accounts(world)
    assert world.run("login", "--token", "wrong").code == 5
    assert world.run("whoami").code == 5


def test_a_login_without_a_token_in_it_is_a_network_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(world)
    world.server.routes["POST /v1/auth/login"] = answer(200, {})
    typed(monkeypatch, "hunter22hunter22\n")
    assert world.run("login", "alice", "--password-stdin").code == 6


def test_logout_revokes_and_forgets(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts(world)
    login(world, monkeypatch)
    assert world.ok("logout", "--json").document == {
        "registry": "acme",
        "forgotten": True,
        "revoked": True,
    }
    assert "No token" in world.ok("logout").out
    assert world.run("whoami").code == 5


def test_logout_forgets_even_when_the_registry_refuses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(world)
    login(world, monkeypatch)
    world.server.routes["DELETE /v1/tokens/t1"] = answer(503, {"title": "Down"})
    result = world.ok("logout", "--json")
    assert "was not revoked" in result.err
    assert result.document["forgotten"] is True


def test_the_environment_comes_first_and_the_named_variable_before_the_general(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(world)
    monkeypatch.setenv("SKILLPKG_TOKEN", "general")
    monkeypatch.setenv("SKILLPKG_REGISTRY_ACME_TOKEN", "skreg_lasting")
    assert "SKILLPKG_REGISTRY_ACME_TOKEN" in world.ok("whoami").out
    assert "still set" in world.ok("logout").err
    monkeypatch.delenv("SKILLPKG_REGISTRY_ACME_TOKEN")
    assert world.run("whoami").code == 5


class Ring:
    """A keyring in memory; ``broken`` names the call that fails."""

    def __init__(self, broken: str = "") -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken = broken

    def _may(self, call: str) -> None:
        if call == self.broken:
            raise RuntimeError("the session is locked")

    def get_password(self, service: str, username: str) -> str | None:
        self._may("get")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._may("set")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._may("delete")
        del self.kept[service, username]


def use(monkeypatch: pytest.MonkeyPatch, ring: Ring) -> None:
    defaults = credentials.Credentials.__init__.__kwdefaults__
    monkeypatch.setitem(defaults, "open_keyring", lambda: ring)


def test_a_keyring_holds_the_token_and_the_file_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(world)
    ring = Ring()
    use(monkeypatch, ring)
    login(world, monkeypatch)
    assert "skreg_lasting" not in (world.home / "credentials.json").read_text()
    assert "token from    keyring" in world.ok("whoami").out
    world.ok("logout")
    assert ring.kept == {}


@pytest.mark.parametrize("broken", ["set", "get"])
def test_a_keyring_that_fails_is_reported_and_the_file_serves(
    world: World, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    accounts(world)
    use(monkeypatch, Ring(broken))
    typed(monkeypatch, "hunter22hunter22\n")
    result = world.ok("login", "alice", "--password-stdin")
    assert "The keyring failed (RuntimeError: the session is locked)." in result.err
    assert "0600 file" in result.out
    world.ok("whoami")


def test_a_keyring_that_cannot_forget_is_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(world)
    use(monkeypatch, Ring("delete"))
    login(world, monkeypatch)
    assert "keyring failed" in world.ok("logout").err


def test_a_server_has_no_keyring_and_a_desktop_has(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.backends import fail, null

    for backend in (fail.Keyring(), null.Keyring()):
        monkeypatch.setattr(keyring, "get_keyring", lambda backend=backend: backend)
        assert credentials.system_keyring() is None
    ring = Ring()
    ring.priority = 5  # type: ignore[attr-defined]
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
    assert credentials.system_keyring() is ring


@pytest.mark.parametrize("fault", ["mode", "json", "shape"])
def test_a_credentials_file_that_cannot_be_used(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    accounts(world)
    login(world, monkeypatch)
    path = world.home / "credentials.json"
    if fault == "mode":
        path.chmod(0o644)
    else:
        path.write_text("{" if fault == "json" else "[1]")
    result = world.run("whoami")
    assert result.code == 1
    assert "credentials.json" in result.err


def test_a_token_is_not_sent_to_another_origin(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(world)
    login(world, monkeypatch)
    text = (world.home / "config.toml").read_text()
    moved = text.replace('api_url = "https://registry.test"', 'api_url = "https://elsewhere.test"')
    (world.home / "config.toml").write_text(moved)
    assert world.run("whoami").code == 5
    assert all(r.token is None for r in world.server.asked if "elsewhere" in r.url)


def test_an_answer_in_another_shape_shows_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts(world)
    login(world, monkeypatch)
    world.server.routes["GET /v1/auth/me"] = answer(200, {"account": "alice", "namespaces": [1]})
    assert world.ok("whoami", "--json").document["username"] == ""
