"""pack, publish, yank: what is uploaded, what is waited for, what a refusal says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillpkg.archive.reader import read_archive
from skillpkg.client.transport import Request, Response
from skillpkg.commands import publish as command
from support.client_world import World, answer

SKILL = "---\nname: helper\ndescription: Deploys things with care and patience.\n---\n# Help\n"
BASE = "/v1/packages/alice/helper"


@pytest.fixture
def skill(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = world.project / "helper"
    folder.mkdir()
    (folder / "SKILL.md").write_text(SKILL)
    monkeypatch.setenv("SKILLPKG_TOKEN", "skreg_t")
    monkeypatch.setattr(command, "_PAUSES", (0.0,))
    world.add_server()
    world.server.routes[f"POST {BASE}/publish"] = answer(202, {"state": "uploaded", "sha256": "ab"})
    return folder


def states(world: World, *names: str, **last: object) -> None:
    """Let the status go through ``names``."""
    turns: Iterator[str] = iter(names)

    def status(_: Request) -> Response:
        name = next(turns)
        return answer(200, {"state": name, "findings": last.get(name, [])})

    world.server.routes[f"GET {BASE}/1.0.0/status"] = status


IDENTITY = ("--namespace", "alice", "--version", "1.0.0")


def test_pack_writes_a_file_that_reads_back(world: World, skill: Path) -> None:
    result = world.ok("pack", str(skill), *IDENTITY, "--json")
    path = world.project / "alice-helper-1.0.0.skill"
    assert read_archive(path.read_bytes()).content_digest == result.document["content_digest"]
    said = world.ok("pack", str(skill), *IDENTITY, "-o", "x.skill")
    assert "next: skillpkg publish x.skill" in said.out
    assert Path("x.skill").read_bytes() == path.read_bytes()


def test_pack_says_what_it_left_out(world: World, skill: Path) -> None:
    (skill / ".env").write_text("SECRET=1")
    assert ".env" in world.ok("pack", str(skill), *IDENTITY).err


def test_pack_refuses_by_rule(world: World, skill: Path) -> None:
    (skill / "run.py").write_text("print()")
    assert world.run("pack", str(skill), *IDENTITY, "--strict").code == 1
    assert world.run("pack", "nowhere", *IDENTITY).code == 4
    assert world.run("pack", str(skill), "--namespace", "a").code == 1


def test_publish_follows_a_version_to_its_end(world: World, skill: Path) -> None:
    states(world, "vetting", "vetting", "signed", "logged", "published")
    result = world.ok("publish", str(skill), *IDENTITY)
    assert result.err.split("\n")[:4] == [
        "  uploaded, waiting for a worker",
        "  being vetted",
        "  vetted and signed",
        "  in the transparency log",
    ]
    assert "next: skillpkg install alice/helper@1.0.0" in result.out
    (sent,) = world.server.sent("POST", f"{BASE}/publish")
    assert sent.token == "skreg_t"
    assert sent.headers["Content-Type"].startswith("multipart/form-data")
    assert b'name="archive"' in (sent.body or b"")


def test_an_archive_is_uploaded_as_it_is(world: World, skill: Path) -> None:
    world.ok("pack", str(skill), *IDENTITY, "-o", "x.skill")
    result = world.ok("publish", "x.skill", "--no-wait", "--json")
    assert result.document["state"] == "uploaded"
    (sent,) = world.server.sent("POST", f"{BASE}/publish")
    assert Path("x.skill").read_bytes() in (sent.body or b"")


@pytest.mark.parametrize("spaces", [["alice"], [{"name": "alice"}]])
def test_the_only_namespace_you_have_is_meant(
    world: World, skill: Path, spaces: list[object]
) -> None:
    world.server.routes["GET /v1/auth/me"] = answer(200, {"username": "a", "namespaces": spaces})
    world.ok("publish", str(skill), "--version", "1.0.0", "--no-wait")


def test_with_two_namespaces_you_have_to_say_which(world: World, skill: Path) -> None:
    me = answer(200, {"username": "a", "namespaces": ["a", "b"]})
    world.server.routes["GET /v1/auth/me"] = me
    result = world.run("publish", str(skill), "--version", "1.0.0")
    assert result.code == 1
    assert "You can publish to: a, b" in result.err
    assert world.run("publish", str(skill), "--namespace", "a").code == 1


@pytest.mark.parametrize(
    ("state", "said"), [("rejected", "was rejected"), ("quarantined", "held for review")]
)
def test_a_verdict_against_it_names_file_and_rule(
    world: World, skill: Path, state: str, said: str
) -> None:
    found = [{"rule": "curl-pipe-shell", "path": "SKILL.md", "message": "pipes into a shell"}]
    states(world, "vetting", state, **{state: found})
    result = world.run("publish", str(skill), *IDENTITY)
    assert result.code == 1
    assert said in result.err
    assert "SKILL.md: pipes into a shell [curl-pipe-shell]" in result.err


def test_bytes_that_were_rejected_before_tell_why_again(world: World, skill: Path) -> None:
    world.server.routes[f"POST {BASE}/publish"] = answer(200, {"state": "rejected"})
    states(world, "rejected", rejected=[{"message": "no"}, "odd"])
    assert "no" in world.run("publish", str(skill), *IDENTITY).err


def test_no_verdict_in_time(world: World, skill: Path) -> None:
    states(world, *["vetting"] * 50)
    result = world.run("publish", str(skill), *IDENTITY, "--timeout", "0")
    assert result.code == 6
    assert "same bytes are safe" in result.err


@pytest.mark.parametrize(
    ("status", "document", "code", "said"),
    [
        (401, {"title": "Who are you?"}, 5, "skillpkg login"),
        (403, {"title": "Not yours"}, 5, "Not yours"),
        (404, {"title": "Gone"}, 4, "Gone"),
        (409, {"title": "Other bytes", "detail": "1.0.0 exists"}, 1, "1.0.0 exists"),
        (413, {"title": "Too large"}, 1, "Too large"),
        (
            422,
            {"title": "Bad", "errors": [{"rule": "r1", "path": "a.md", "detail": "d"}, 7]},
            1,
            "a.md: d [r1]",
        ),
        (400, {"title": "Odd", "errors": [{"field": "name", "detail": "odd"}]}, 2, "name: odd"),
        (429, {"title": "Slow down"}, 6, "Wait 60 s"),
        (503, {"title": "No signer", "detail": "run pki", "request_id": "r9"}, 6, "request r9"),
        (500, [1], 6, "answered 500"),
    ],
)
def test_problems_become_errors(
    world: World, skill: Path, status: int, document: object, code: int, said: str
) -> None:
    world.server.routes[f"POST {BASE}/publish"] = answer(status, document)
    result = world.run("publish", str(skill), *IDENTITY)
    assert result.code == code
    assert said in result.err


def test_a_refusal_begins_with_what_happened_and_not_with_its_status(
    world: World, skill: Path
) -> None:
    detail = "acme/x@1.0.0 exists with other bytes. They never change. Raise the version."
    document = {"title": "Conflict", "status": 409, "detail": detail, "request_id": "r1"}
    world.server.routes[f"POST {BASE}/publish"] = answer(409, document)
    said = world.run("publish", str(skill), *IDENTITY).err.splitlines()
    assert said == [
        "error: acme/x@1.0.0 exists with other bytes.",
        "  why:   They never change. Raise the version. (request r1)",
    ]
    short = {"title": "Forbidden", "detail": "alice may not publish in acme."}
    world.server.routes[f"POST {BASE}/publish"] = answer(403, short)
    said = world.run("publish", str(skill), *IDENTITY).err.splitlines()
    assert said[:2] == [
        "error: alice may not publish in acme.",
        "  why:   The registry answered 403 Forbidden.",
    ]


def test_a_bad_token_in_the_environment_is_named(
    world: World, skill: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLPKG_TOKEN", "skreg_old")
    world.server.routes[f"POST {BASE}/publish"] = answer(401, {"detail": "The token ended."})
    result = world.run("publish", str(skill), *IDENTITY)
    assert (result.code, "good token into SKILLPKG_TOKEN" in result.err) == (5, True)


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
def test_an_answer_that_is_no_json_object(world: World, skill: Path, body: bytes) -> None:
    world.server.routes[f"POST {BASE}/publish"] = Response(200, {}, body)
    assert world.run("publish", str(skill), *IDENTITY).code == 6
    world.server.routes[f"POST {BASE}/publish"] = Response(502, {}, body)
    assert world.run("publish", str(skill), *IDENTITY).code == 6


def test_yank_and_unyank(world: World, skill: Path) -> None:
    world.server.routes[f"POST {BASE}/1.0.0/yank"] = answer(200, {"state": "yanked"})
    world.server.routes[f"POST {BASE}/1.0.0/unyank"] = answer(200, {"state": "published"})
    assert "Yanked" in world.ok("yank", "alice/helper@1.0.0", "--reason", "broken").out
    (sent,) = world.server.sent("POST", f"{BASE}/1.0.0/yank")
    assert sent.body == b'{"reason": "broken"}'
    assert world.ok("unyank", "alice/helper@1.0.0", "--json").document["state"] == "published"
    assert world.run("yank", "alice/helper").code == 2


def test_search_prints_results_and_the_next_command(world: World, skill: Path) -> None:
    found = {"namespace": "alice", "name": "helper", "version": "1.0.0", "description": "x" * 200}
    page = {"results": [found], "total": 1000, "total_relation": "gte"}
    world.server.routes["GET /v1/search"] = answer(200, page)
    said = world.ok("search", "deploy", "now", "--tag", "ops", "--page", "2").out
    assert "alice/helper 1.0.0" in said
    assert "1 of at least 1000 shown, page 2" in said
    assert "next: skillpkg info alice/helper" in said
    (sent,) = world.server.sent("GET", "/v1/search")
    assert sent.url.endswith("?q=deploy+now&page=2&tag=ops")
    world.server.routes["GET /v1/search"] = answer(200, {"results": None})
    assert "Nothing found." in world.ok("search", "nothing").out
