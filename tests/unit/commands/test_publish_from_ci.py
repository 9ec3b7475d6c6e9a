"""publish inside CI: the job's identity token buys a token, once, and nothing is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillpkg.client.transport import Request, Response
from skillpkg.commands import publish as command
from support.client_world import World, answer

SKILL = "---\nname: helper\ndescription: Deploys things with care and patience.\n---\n# Help\n"
BASE = "/v1/packages/alice/helper"
IDENTITY = ("--namespace", "alice", "--version", "1.0.0")
GITHUB = "https://actions.test/token"
MINTED = {"token": "skreg_minutes", "warnings": ["name the environment"]}
CI = (
    "GITHUB_ACTIONS",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SKILLPKG_ID_TOKEN",
)


@pytest.fixture
def job(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    (world.project / "helper").mkdir()
    (world.project / "helper" / "SKILL.md").write_text(SKILL)
    for name in CI:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(command, "_PAUSES", (0.0,))
    world.add_server()
    world.server.routes |= {
        "GET /v1/oidc/audience": answer(200, {"audience": "https://registry.test"}),
        "POST /v1/oidc/mint-token": answer(200, MINTED),
        f"POST {BASE}/publish": answer(202, {"state": "uploaded", "sha256": "ab"}),
        f"GET {BASE}/1.0.0/status": answer(200, {"state": "published"}),
    }
    return world


def github(
    job: World, monkeypatch: pytest.MonkeyPatch, said: Response | None = None
) -> list[Request]:
    """Make this a GitHub job whose identity service answers; returns what it was asked."""
    asked: list[Request] = []
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{GITHUB}?api-version=2")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner")

    def give(request: Request) -> Response:
        asked.append(request)
        return said or answer(200, {"value": "a.b.c"})

    job.server.routes[f"GET {GITHUB}"] = give
    return asked


def test_a_github_job_needs_no_token(job: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = github(job, monkeypatch)
    result = job.ok("publish", "helper", *IDENTITY)
    assert "Published alice/helper@1.0.0" in result.out
    assert "name the environment" in result.err
    (identity,) = asked
    assert identity.url == f"{GITHUB}?api-version=2&audience=https%3A%2F%2Fregistry.test"
    assert identity.token == "runner"
    (mint,) = job.server.sent("POST", "/v1/oidc/mint-token")
    assert json.loads(mint.body or b"") == {"token": "a.b.c", "package": "alice/helper"}
    assert mint.token is None
    assert not mint.repeatable
    (upload,) = job.server.sent("POST", f"{BASE}/publish")
    assert upload.token == "skreg_minutes"
    assert "skreg_minutes" not in result.out + result.err
    assert not list(job.home.rglob("credentials.json")), "it is not kept"


def test_a_gitlab_job_has_its_token_in_a_variable(
    job: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLPKG_ID_TOKEN", "d.e.f\n")
    job.ok("publish", "helper", *IDENTITY, "--no-wait")
    (mint,) = job.server.sent("POST", "/v1/oidc/mint-token")
    assert json.loads(mint.body or b"")["token"] == "d.e.f"


def test_a_token_that_is_there_is_used(job: World, monkeypatch: pytest.MonkeyPatch) -> None:
    github(job, monkeypatch)
    monkeypatch.setenv("SKILLPKG_TOKEN", "skreg_own")
    job.ok("publish", "helper", *IDENTITY)
    assert job.server.sent("POST", "/v1/oidc/mint-token") == []
    (upload,) = job.server.sent("POST", f"{BASE}/publish")
    assert upload.token == "skreg_own"


def test_outside_ci_one_has_to_log_in(job: World) -> None:
    result = job.run("publish", "helper", *IDENTITY)
    assert result.code == 5
    assert "skillpkg login" in result.err


def test_a_job_without_the_permission(job: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = job.run("publish", "helper", *IDENTITY)
    assert result.code == 5
    assert "id-token: write" in result.err


@pytest.mark.parametrize(
    "said",
    [
        answer(500, {}),
        answer(200, {"value": ""}),
        answer(200, {}),
        answer(200, [1]),
        Response(200, {}, b"<html>"),
    ],
)
def test_github_gives_no_token(job: World, monkeypatch: pytest.MonkeyPatch, said: Response) -> None:
    github(job, monkeypatch, said)
    result = job.run("publish", "helper", *IDENTITY)
    assert result.code == 6
    assert "no identity token" in result.err


def test_a_registry_that_does_not_trust_the_job(
    job: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    github(job, monkeypatch)
    refused = answer(403, {"title": "Forbidden", "detail": "no trusted publisher"})
    job.server.routes["POST /v1/oidc/mint-token"] = refused
    result = job.run("publish", "helper", *IDENTITY)
    assert result.code == 5
    assert "no trusted publisher" in result.err
    assert "trusted publishers" in result.err
    assert job.server.sent("POST", f"{BASE}/publish") == []


def test_the_namespace_must_be_said(job: World, monkeypatch: pytest.MonkeyPatch) -> None:
    github(job, monkeypatch)
    result = job.run("publish", "helper", "--version", "1.0.0")
    assert result.code == 1
    assert "namespace" in result.err
    assert job.server.sent("GET", "/v1/auth/me") == []


def test_an_archive_says_its_namespace(job: World, monkeypatch: pytest.MonkeyPatch) -> None:
    github(job, monkeypatch)
    job.ok("pack", "helper", *IDENTITY, "-o", "x.skill")
    assert Path("x.skill").exists()
    job.ok("publish", "x.skill", "--no-wait")
