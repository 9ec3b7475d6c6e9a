"""F: what an attacker does to the client itself: downgrade, cache, clock, swaps, links."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from skillpkg.client.transport import Request, Response
from skillpkg.commands import install as command
from skillpkg.install.folders import Folder
from support.certificates import NOW
from support.client_world import BASE, World, answer
from support.skills import make_skill


def served(world: World) -> None:
    world.registry.publish("acme", "base", files={"scripts/run.sh": b"#!/bin/sh\n"})
    world.add_server()


def in_folder(world: World) -> None:
    world.registry.publish("acme", "base", files={"scripts/run.sh": b"#!/bin/sh\n"})
    world.add_folder()


def nothing_landed(world: World) -> bool:
    return not (world.home / "packages/acme").exists()


# --- F1: downgrade (redirects themselves: tests/contract/readplane)


def test_f1_no_command_takes_plain_http(world: World) -> None:
    served(world)
    for words in (
        ("registry", "add", "x", "http://registry.test", "--root-fingerprint", world.fingerprint),
        ("install", "http://registry.test/acme/base"),
        ("install", "acme/base", "--registry", "http://registry.test"),
    ):
        assert world.run(*words).code in (2, 3)
    assert all(r.url.startswith(BASE) for r in world.server.asked)


# --- F2: poisoned cache


@pytest.mark.parametrize("kind", [".skill", ".release", "/index/acme/", "/bins/", "/tree/"])
def test_f2_a_poisoned_cache_never_installs_and_heals(world: World, kind: str) -> None:
    served(world)
    world.ok("install", "acme/base")
    world.ok("uninstall", "acme/base")
    evil = make_skill("acme", "base", files={"evil.md": b"Do evil."})
    poisoned = [
        path for path in (world.home / "cache").rglob("*") if path.is_file() and kind in str(path)
    ]
    assert poisoned
    for path in poisoned:
        path.write_bytes(hashlib.sha256(evil).digest() + evil)
    world.ok("install", "acme/base")
    assert not (world.home / "packages/acme/base/1.0.0/evil.md").exists()
    world.ok("verify")


def test_f2_poison_that_the_server_sends_too_is_refused(world: World) -> None:
    served(world)
    evil = make_skill("acme", "base", files={"evil.md": b"Do evil."})
    for path in [p for p in world.server.files if p.endswith(".skill")]:
        world.server.files[path] = evil
    result = world.run("install", "acme/base")
    assert result.code in (3, 6)
    assert nothing_landed(world)


# --- F3: wrong clocks


@pytest.mark.parametrize("days", [-400, -2, 4, 4000])
def test_f3_a_wrong_clock_refuses_what_is_to_be_resolved(
    world: World, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    in_folder(world)
    monkeypatch.setattr(command, "now", lambda: NOW + timedelta(days=days))
    result = world.run("install", "acme/base")
    assert result.code == 3
    assert "clock" in result.err
    assert nothing_landed(world)


# --- F4: swapped between check and use


def test_f4_what_is_verified_is_what_is_installed(world: World) -> None:
    served(world)
    evil = make_skill("acme", "base", files={"evil.md": b"Do evil."})
    turns: dict[str, int] = {}
    good = dict(world.server.files)

    def swapping(path: str) -> Callable[[Request], Response]:
        def play(_: Request) -> Response:
            turns[path] = turns.get(path, 0) + 1
            return Response(200, {}, good[path] if turns[path] == 1 else evil)

        return play

    for path in [p for p in good if p.endswith((".skill", ".release"))]:
        world.server.routes[f"GET {path}"] = swapping(path)
    world.ok("install", "acme/base")
    world.ok("verify")
    assert max(turns.values()) == 1


def test_f4_a_staging_folder_that_is_swapped_is_noticed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_folder(world)
    real = Folder.still_here

    def swap(self: Folder) -> None:
        if self.path.name == ".staging":
            self.path.rename(self.path.with_name(".gone"))
            self.path.mkdir()
        real(self)

    monkeypatch.setattr(Folder, "still_here", swap)
    result = world.run("install", "acme/base")
    assert result.code == 1
    assert "was replaced" in result.err
    assert nothing_landed(world)


# --- F5: links, files and hard links in the way


@pytest.mark.parametrize(
    "planted",
    [
        "packages",
        "packages/.staging",
        "packages/acme",
        "packages/acme/base",
        "packages/acme/base/1.0.0",
        "records",
        "records/acme",
    ],
)
def test_f5_a_link_in_the_store_is_not_followed(world: World, planted: str) -> None:
    in_folder(world)
    victim = world.root / "victim"
    victim.mkdir()
    (victim / "precious").write_text("mine")
    place = world.home / planted
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(victim)
    result = world.run("install", "acme/base")
    assert result.code == 1, result.out
    assert [p.name for p in victim.iterdir()] == ["precious"]
    assert world.run("list").out.startswith("Nothing is installed")


@pytest.mark.parametrize(
    "planted", [".skillpkg", ".skillpkg/packages", ".claude", ".claude/skills"]
)
def test_f5_a_repository_cannot_redirect_a_local_install(world: World, planted: str) -> None:
    in_folder(world)
    victim = world.root / "victim"
    victim.mkdir()
    place = world.project / planted
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(victim)
    result = world.run("install", "acme/base", "--local", "-t", "claude-code")
    assert result.code == 1
    assert list(victim.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "hard link", "folder"])
def test_f5_what_stands_where_a_version_belongs(world: World, kind: str) -> None:
    in_folder(world)
    precious = world.root / "precious"
    precious.write_text("mine")
    place = world.home / "packages/acme/base/1.0.0"
    place.parent.mkdir(parents=True)
    if kind == "folder":
        place.mkdir()
        (place / "SKILL.md").write_text("Do evil.")
        world.ok("install", "acme/base")
        assert b"Do evil." not in (place / "SKILL.md").read_bytes()
        world.ok("verify")
        return
    if kind == "file":
        place.write_text("mine")
    else:
        os.link(precious, place)
    assert world.run("install", "acme/base").code == 1
    assert place.read_text() == "mine"
    assert precious.read_text() == "mine"


def test_f5_an_index_that_names_other_folders_removes_nothing_there(world: World) -> None:
    in_folder(world)
    world.ok("install", "acme/base", "-t", "codex")
    victim = world.root / "victim"
    victim.mkdir()
    (victim / "precious").write_text("mine")
    index = world.home / "index.json"
    text = index.read_text()
    text = text.replace(str(world.home / "packages/acme/base/1.0.0"), str(victim))
    text = text.replace(str(world.user / ".codex/skills/base"), str(victim))
    index.write_text(text)
    world.ok("uninstall", "acme/base")
    assert (victim / "precious").read_text() == "mine"


# --- F6: escapes

NASTY = "\x1b[2J\x1b]0;pwned\x07\u202egnp\u200b\r\nok acme/base 1.0.0"


def test_f6_search_results_cannot_draw(world: World) -> None:
    served(world)
    one = {"namespace": NASTY, "name": NASTY, "version": NASTY, "description": NASTY}
    page = {"results": [one], "total": NASTY, "total_relation": NASTY}
    world.server.routes["GET /v1/search"] = answer(200, page)
    assert_harmless(world.ok("search", "x").out)


def test_f6_errors_cannot_draw(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    served(world)
    monkeypatch.setenv("SKILLPKG_TOKEN", "t")
    problem = {"title": NASTY, "detail": NASTY, "request_id": NASTY}
    for status in (400, 401, 409, 422, 500):
        world.server.routes["GET /v1/auth/me"] = answer(status, problem)
        result = world.run("whoami")
        assert_harmless(result.err)
        assert "\nok acme/base" not in result.err


def test_f6_names_of_accounts_cannot_draw(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    served(world)
    monkeypatch.setenv("SKILLPKG_TOKEN", "t")
    me = {"account": {"username": NASTY, "namespaces": [NASTY]}}
    world.server.routes["GET /v1/auth/me"] = answer(200, me)
    assert_harmless(world.ok("whoami").out)


def test_f6_signed_texts_cannot_draw(world: World) -> None:
    world.registry.publish("acme", "base")
    world.registry.set_state("acme/base", "1.0.0", deprecated=NASTY)
    world.add_folder()
    assert_harmless(world.ok("info", "acme/base").out)


def assert_harmless(text: str) -> None:
    assert not set(text) & set("\x1b\x07\r\u202e\u200b")
    assert not any(line.startswith("ok acme/base") for line in text.splitlines())


# --- F7: nothing in a project, and no variable, weakens verification


def test_f7_a_project_cannot_bring_registries_roots_or_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = World(world.root / "evil", world.capture, world.server)
    evil.registry.publish("acme", "base", files={"evil.md": b"Do evil."})
    evil.write()
    in_folder(world)
    evil_home = world.project / ".skillpkg"
    with monkeypatch.context() as patch:
        patch.setenv("SKILLPKG_HOME", str(evil_home))
        add = ("registry", "add", "acme", str(evil.folder), "--root-fingerprint", evil.fingerprint)
        world.ok(*add)
    for name in ("config.toml", "skillpkg.toml", ".skillpkgrc", "skills.toml", "pyproject.toml"):
        (world.project / name).write_bytes((evil_home / "config.toml").read_bytes())
    for words in (("install", "acme/base"), ("install", "acme/base", "--local")):
        world.ok(*words)
    assert not list(world.root.glob("**/1.0.0/evil.md"))
    assert not (world.project / ".skillpkg/packages/acme/base/1.0.0/evil.md").exists()


@pytest.mark.parametrize(
    "name",
    ["SKILLPKG_INSECURE", "SKILLPKG_NO_VERIFY", "SKILLPKG_SKIP_VERIFY", "PYTHONHTTPSVERIFY",
     "SKILLPKG_TRUST_DIR"],
)  # fmt: skip
def test_f7_no_variable_switches_verification_off(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    in_folder(world)
    monkeypatch.setenv(name, "1")
    (archive,) = world.folder.rglob("*.skill")
    archive.write_bytes(make_skill("acme", "base", files={"evil.md": b"Do evil."}))
    assert world.run("install", "acme/base").code in (3, 6)
    assert nothing_landed(world)


def test_f7_no_option_switches_verification_off(world: World) -> None:
    in_folder(world)
    for option in ("--insecure", "--no-verify", "--skip-verify", "--trust", "--no-check"):
        assert world.run("install", "acme/base", option).code == 2


def test_f7_installed_index_does_not_vouch_for_itself(world: World) -> None:
    in_folder(world)
    world.ok("install", "acme/base")
    skill = world.home / "packages/acme/base/1.0.0/SKILL.md"
    skill.write_text("Do evil.")
    assert world.run("verify").code == 3


# --- rollback and fork, as the disk remembers them


def test_an_older_registry_is_refused_after_a_newer_one(world: World) -> None:
    in_folder(world)
    old = {path: path.read_bytes() for path in world.folder.rglob("*") if path.is_file()}
    world.registry.publish("acme", "base", "1.1.0")
    world.registry.now += timedelta(minutes=1)
    world.write()
    world.ok("install", "acme/base")
    for path, data in old.items():
        path.write_bytes(data)
    result = world.run("install", "acme/base")
    assert result.code == 3
    assert "rollback" in result.err


def test_a_forked_log_is_refused_and_both_notes_are_kept(world: World) -> None:
    in_folder(world)
    world.ok("install", "acme/base")
    world.registry.log.entries[:] = []
    del world.registry.packages["acme/base"]
    world.registry.publish("acme", "other")
    world.write()
    result = world.run("install", "acme/other")
    assert result.code == 3
    assert "[log-fork]" in result.err
    assert len(list((world.home / "registries").rglob("forks/*/*.note"))) == 2
    assert not Path(world.home / "packages/acme/other").exists()
