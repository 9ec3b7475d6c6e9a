"""skillpkg login --device, and --reset-code."""

from __future__ import annotations

import io
import json
import sys

import pytest

from skillpkg.client.transport import Request, Response
from skillpkg.commands import device_login
from support.client_world import World, answer

BEGUN = {
    "device_code": "secret-code",
    "user_code": "BCDF-GHJK",
    "verification_uri": "https://registry.test/device",
    "expires_in": 60,
    "interval": 5,
}
MADE = {"access_token": "skreg_device", "token_id": "t7", "username": "alice"}


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr(device_login, "wait", waited.append)
    return waited


@pytest.fixture
def site(world: World) -> World:
    world.add_server()
    world.server.routes["POST /v1/auth/device/code"] = answer(200, BEGUN)
    world.server.routes["GET /v1/auth/me"] = answer(200, {"username": "alice", "namespaces": []})
    return world


def answering(site: World, *answers: Response) -> None:
    left = list(answers)

    def route(_request: Request) -> Response:
        return left.pop(0) if len(left) > 1 else left[0]

    site.server.routes["POST /v1/auth/device/token"] = route


def said(error: str) -> Response:
    return answer(400, {"error": error, "detail": "why"})


def test_a_device_waits_until_it_is_approved(site: World, pauses: list[float]) -> None:
    pending, slow = said("authorization_pending"), said("slow_down")
    answering(site, pending, slow, pending, answer(200, MADE))
    result = site.ok("login", "--device")
    assert "Open https://registry.test/device in a browser and enter BCDF-GHJK" in result.err
    assert "Logged in to acme as alice." in result.out
    assert pauses == [5, 5, 10, 10]
    assert "skreg_device" in (site.home / "credentials.json").read_text()
    sent = site.server.sent("POST", "/v1/auth/device/token")[0]
    assert b"device_code=secret-code" in (sent.body or b"")
    assert "secret-code" not in result.out + result.err


def test_a_program_is_told_the_code_on_stderr(site: World, pauses: list[float]) -> None:
    answering(site, answer(200, MADE))
    result = site.ok("login", "--device", "--json")
    assert json.loads(result.err)["device"]["user_code"] == "BCDF-GHJK"
    assert result.document["username"] == "alice"


@pytest.mark.parametrize(
    ("error", "what"),
    [
        ("access_denied", "was refused"),
        ("expired_token", "not approved in time"),
        ("invalid_client", "gives no token"),
    ],
)
def test_a_login_that_is_over(site: World, pauses: list[float], error: str, what: str) -> None:
    answering(site, said(error))
    result = site.run("login", "--device")
    assert (result.code, what in result.err) == (5, True)


def test_nobody_approves(site: World, pauses: list[float]) -> None:
    answering(site, said("authorization_pending"))
    assert site.run("login", "--device").code == 5
    assert sum(pauses) == 60


def test_a_registry_that_fails(site: World, pauses: list[float]) -> None:
    answering(site, answer(500, {"title": "Broken"}))
    assert site.run("login", "--device").code == 6


@pytest.mark.parametrize("odd", [{"interval": 0, "expires_in": "soon"}, {"interval": 10**9}])
def test_odd_times_are_replaced(site: World, pauses: list[float], odd: dict[str, object]) -> None:
    site.server.routes["POST /v1/auth/device/code"] = answer(200, {**BEGUN, **odd})
    answering(site, answer(200, MADE))
    site.ok("login", "--device")
    assert pauses in ([5], [3600])


def test_a_code_sets_the_password_and_logs_in(site: World, monkeypatch: pytest.MonkeyPatch) -> None:
    site.server.routes |= {
        "POST /v1/auth/reset": Response(204, {}, b""),
        "POST /v1/auth/login": answer(200, {"access_token": "session"}),
        "POST /v1/tokens": answer(201, {"id": "t1", "token": "skreg_lasting"}),
    }
    monkeypatch.setattr(sys, "stdin", io.StringIO("AAAAA-BBBBB\nnew password\n"))
    site.ok("login", "alice", "--reset-code", "--password-stdin")
    (sent,) = site.server.sent("POST", "/v1/auth/reset")
    assert json.loads(sent.body or b"") == {"code": "AAAAA-BBBBB", "new_password": "new password"}
    (login,) = site.server.sent("POST", "/v1/auth/login")
    assert json.loads(login.body or b"")["password"] == "new password"


def test_one_way_to_log_in_at_a_time(site: World) -> None:
    assert site.run("login", "--device", "--token", "x").code == 2
