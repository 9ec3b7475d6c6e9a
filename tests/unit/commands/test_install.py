"""`skillpkg install` from a signed folder: what lands, what is said, what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from skillpkg.client.connect import Connection
from skillpkg.client.state import MemoryMoved
from skillpkg.commands import install as command
from skillpkg.errors import InstallFailed, NetworkFailure
from skillpkg.install import installer
from support.certificates import NOW
from support.client_world import BASE, World


def publish(world: World) -> None:
    world.registry.publish("acme", "base", "1.0.0").publish("acme", "base", "1.4.0")
    world.registry.publish(
        "acme",
        "helper",
        "1.2.0",
        dependencies={"acme/base": "^1.0.0"},
        files={"scripts/run.sh": b"#!/bin/sh\n"},
    )
    world.add_folder()


def test_a_skill_lands_with_its_dependencies_and_says_what_was_checked(world: World) -> None:
    publish(world)
    said = world.ok("install", "acme/helper", "-t", "claude-code").out
    files = world.home / "packages/acme/helper/1.2.0"
    assert (files / "scripts/run.sh").stat().st_mode & 0o111
    assert (world.home / "packages/acme/base/1.4.0/SKILL.md").is_file()
    assert (world.user / ".claude/skills/helper").resolve() == files
    for part in ("acme/helper 1.2.0", "signed by the registry", "log #2", "transparency log"):
        assert part in said
    assert "(dependency)" in said
    assert "next: skillpkg verify acme/helper" in said


def test_json_names_signer_log_and_place(world: World) -> None:
    publish(world)
    document = world.ok("install", "acme/base@1.0.0", "--json").document
    (one,) = document["installed"]  # type: ignore[misc]
    assert one["new"] is True
    assert one["log"]["index"] == 0
    assert one["signed_by"] == "registry"
    assert one["path"] == str(world.home / "packages/acme/base/1.0.0")
    assert document["placements"] == []


def test_quiet_prints_nothing(world: World) -> None:
    publish(world)
    assert world.ok("install", "--quiet", "acme/base").out == ""


def test_a_publisher_is_named(world: World) -> None:
    world.registry.publish("acme", "tool", publisher=True)
    world.add_folder()
    assert "signed by publisher acme" in world.ok("install", "acme/tool").out


def test_an_exact_version_that_is_there_asks_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world)
    world.ok("install", "acme/helper@1.2.0", "-t", "codex")
    monkeypatch.setattr(command, "_install", None)
    again = world.ok("install", "acme/helper@1.2.0", "-t", "codex")
    assert "already installed" in again.out
    assert "next: skillpkg verify" in again.out


@pytest.mark.parametrize("missing", ["target", "dependency", "files"])
def test_an_exact_version_is_completed_when_something_is_missing(
    world: World, missing: str
) -> None:
    publish(world)
    world.ok("install", "acme/helper@1.2.0", "-t", "codex")
    link = world.user / ".codex/skills/helper"
    base = world.home / "packages/acme/base/1.4.0"
    if missing == "target":
        link.unlink()
    elif missing == "dependency":
        world.ok("uninstall", "acme/base", "--force")
    else:
        (base / "manifest.json").unlink()
    world.ok("install", "acme/helper@1.2.0", "-t", "codex")
    assert link.is_dir()
    assert (base / "manifest.json").is_file()


@pytest.mark.parametrize("asked", ["acme/helper@1.2.0", "acme/helper"])
def test_changed_files_are_named_and_replaced_only_by_force(world: World, asked: str) -> None:
    publish(world)
    world.ok("install", asked)
    helper, base = (world.home / f"packages/acme/{p}" for p in ("helper/1.2.0", "base/1.4.0"))
    (helper / "scripts/run.sh").write_bytes(b"mine")
    (helper / "notes.md").write_bytes(b"mine too")
    refused = world.run("install", asked)
    assert refused.code == InstallFailed.exit_code
    for part in ("changed: scripts/run.sh", "added: notes.md", "install --force acme/helper@1.2.0"):
        assert part in refused.err
    assert "already installed" not in refused.out
    assert (helper / "notes.md").read_bytes() == b"mine too"
    kept = (base / "SKILL.md").stat().st_ino
    assert "+ acme/helper 1.2.0" in world.ok("install", "--force", asked).out
    assert (helper / "scripts/run.sh").read_bytes() == b"#!/bin/sh\n"
    assert not (helper / "notes.md").exists()
    assert (base / "SKILL.md").stat().st_ino == kept
    world.ok("verify")


def test_a_changed_dependency_stops_the_install_of_what_needs_it(world: World) -> None:
    publish(world)
    world.ok("install", "acme/base@1.4.0")
    skill = world.home / "packages/acme/base/1.4.0/SKILL.md"
    skill.write_bytes(b"mine")
    refused = world.run("install", "acme/helper")
    assert "acme/base@1.4.0 is installed, but its files were changed" in refused.err
    assert not (world.home / "packages/acme/helper").exists()
    assert skill.read_bytes() == b"mine"


@pytest.mark.parametrize("planted", ["link", "manifest"])
def test_a_link_or_a_broken_manifest_counts_as_changed(world: World, planted: str) -> None:
    publish(world)
    world.ok("install", "acme/base@1.0.0")
    files = world.home / "packages/acme/base/1.0.0"
    if planted == "link":
        (files / "more.md").symlink_to("/etc/hostname")
    else:
        (files / "manifest.json").write_bytes(b"{}")
    assert "changed: m" in world.run("install", "acme/base@1.0.0").err
    world.ok("install", "--force", "acme/base@1.0.0")
    world.ok("verify")


def test_a_missing_file_comes_back_and_bytecode_is_no_change(world: World) -> None:
    publish(world)
    world.ok("install", "acme/helper@1.2.0")
    files = world.home / "packages/acme/helper/1.2.0"
    (files / "scripts/__pycache__").mkdir()
    (files / "scripts/__pycache__/run.cpython-311.pyc").write_bytes(b"made by a run")
    assert "already installed" in world.ok("install", "acme/helper@1.2.0").out
    (files / "scripts/run.sh").unlink()
    assert "+ acme/helper 1.2.0" in world.ok("install", "acme/helper@1.2.0").out
    assert (files / "scripts/run.sh").is_file()


def test_versions_stand_side_by_side_and_the_link_moves(world: World) -> None:
    publish(world)
    world.ok("install", "acme/base@1.0.0", "-t", "codex")
    world.ok("install", "acme/base", "-t", "codex")
    assert (world.home / "packages/acme/base/1.0.0").is_dir()
    assert (world.user / ".codex/skills/base").resolve().name == "1.4.0"
    assert [p.name for p in (world.user / ".codex/skills").iterdir()] == ["base"]


def test_a_dependency_that_is_asked_for_later_counts_as_asked_for(world: World) -> None:
    publish(world)
    world.ok("install", "acme/helper")
    world.ok("install", "acme/base")
    packages = world.ok("list", "--json").document["packages"]
    assert [one["requested"] for one in packages] == [True, True]  # type: ignore[attr-defined]


def test_local_installs_into_the_project_with_relative_links(world: World) -> None:
    publish(world)
    world.ok("install", "acme/base", "--local", "-t", "claude-code")
    link = world.project / ".claude/skills/base"
    assert not link.readlink().is_absolute()
    moved = world.root / "moved"
    world.project.rename(moved)
    assert (moved / ".claude/skills/base/SKILL.md").is_file()


def test_copies_are_copies_and_are_replaced_whole(world: World) -> None:
    publish(world)
    world.ok("install", "acme/base@1.0.0", "-t", "codex", "--copy")
    copied = world.user / ".codex/skills/base"
    assert not copied.is_symlink()
    assert b"base 1.0.0" in (copied / "SKILL.md").read_bytes()
    world.ok("install", "acme/base@1.4.0", "-t", "codex", "--copy")
    assert b"base 1.4.0" in (copied / "SKILL.md").read_bytes()
    world.ok("install", "acme/base@1.4.0", "-t", "codex", "-t", "cursor")
    assert copied.is_symlink() or copied.is_dir()


def test_targets_and_copy_come_from_the_settings(world: World) -> None:
    publish(world)
    world.ok("config", "set", "targets", "codex,cursor")
    world.ok("config", "set", "copy", "true")
    world.ok("install", "acme/base")
    assert (world.user / ".codex/skills/base/SKILL.md").is_file()
    assert not (world.user / ".cursor/skills/base").is_symlink()


def test_without_a_target_the_agents_that_are_here_are_named(world: World) -> None:
    publish(world)
    (world.user / ".claude").mkdir()
    assert "-t claude-code (here: claude-code)" in world.ok("install", "acme/base").out


def test_a_known_hash_installs_though_the_dates_have_passed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world)
    versions = world.registry.packages["acme/base"].versions
    digest = versions["1.0.0"].document["sha256"]
    monkeypatch.setattr(command, "now", lambda: NOW + timedelta(days=5))
    refused = world.run("install", "acme/base@1.0.0")
    assert refused.code == 3
    assert "[timestamp-expired]" in refused.err
    done = world.ok("install", "acme/base@1.0.0", "--sha256", digest)
    assert "warning:" in done.err
    assert "expired" in done.err
    again = world.ok("install", "acme/base@1.0.0", "--sha256", digest)
    assert "already installed" in again.out


def test_another_hash_is_refused(world: World) -> None:
    publish(world)
    refused = world.run("install", "acme/base@1.0.0", "--sha256", "0" * 64)
    assert refused.code == 3
    assert "[archive-sha256]" in refused.err
    world.ok("install", "acme/base@1.0.0")
    assert world.run("install", "acme/base@1.0.0", "--sha256", "0" * 64).code == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["acme/nope"], 4, "no package acme/nope"),
        (["acme/base@9.9.9"], 4, "acme/base has 1.4.0, 1.0.0."),
        (["acme/base@beta"], 4, "No version of acme/base is beta"),
        (["acme/base", "--sha256", "0" * 64], 2, "--sha256 belongs to one exact version"),
        (["acme/base", "-t", "claud"], 2, "claude-code"),
        (["acme/base", "--registry", "other"], 4, "No registry is called 'other'"),
        (["acme/base", "--registry", "https://evil.test"], 3, "[root-pin]"),
        (["https://evil.test/acme/base"], 3, "[root-pin]"),
        (["https://a.test/acme/base", "--registry", "b"], 2, "One command talks to one registry"),
        (["acme"], 2, "does not name a package"),
    ],
)
def test_refusals_say_what_and_what_to_do(
    world: World, words: list[str], code: int, said: str
) -> None:
    publish(world)
    result = world.run("install", *words)
    assert result.code == code
    assert said in result.err
    assert "fix:" in result.err
    assert not (world.home / "packages/acme").exists()


def test_a_conflict_says_who_wants_what(world: World) -> None:
    world.registry.publish("acme", "base", "1.0.0").publish("acme", "base", "2.0.0")
    world.registry.publish("acme", "one", dependencies={"acme/base": "^1"})
    world.registry.publish("acme", "two", dependencies={"acme/base": "^2"})
    world.add_folder()
    result = world.run("install", "acme/one", "acme/two", "--json")
    assert result.code == 1
    why = str(result.error["why"])
    assert "acme/one@1.0.0 wants acme/base ^1" in why
    assert "acme/two@1.0.0 wants acme/base ^2" in why
    assert "acme/base has 2.0.0, 1.0.0." in why


def test_a_missing_dependency_is_named_with_who_wants_it(world: World) -> None:
    world.registry.publish("acme", "one", dependencies={"acme/gone": "^1"})
    world.add_folder()
    result = world.run("install", "acme/one")
    assert result.code == 4
    assert "acme/one@1.0.0 wants acme/gone ^1" in result.err


def test_yanked_is_hidden_unless_named_exactly_and_withdrawn_is_gone(world: World) -> None:
    world.registry.publish("acme", "base", "1.0.0").publish("acme", "base", "1.1.0")
    world.registry.publish("acme", "base", "1.2.0")
    world.registry.set_state("acme/base", "1.2.0", state="yanked")
    world.registry.set_state("acme/base", "1.1.0", state="withdrawn")
    world.add_folder()
    assert "acme/base 1.0.0" in world.ok("install", "acme/base").out
    exact = world.ok("install", "acme/base@1.2.0")
    assert "was yanked" in exact.err
    assert "withdrawn" in world.run("install", "acme/base@1.1.0").err


def test_the_same_version_of_another_registry_is_not_taken_for_it(world: World) -> None:
    publish(world)
    world.ok("install", "acme/base@1.0.0")
    other = World(world.root / "other", world.capture, world.server)
    other.registry.publish("acme", "base", "1.0.0")
    other.write()
    added = ("registry", "add", "other", str(other.folder))
    world.ok(*added, "--root-fingerprint", other.fingerprint)
    result = world.run("install", "acme/base@1.0.0", "--registry", "other")
    assert result.code == 1
    assert "another registry" in result.err


def test_published_bytes_that_change_are_refused(world: World) -> None:
    publish(world)
    world.ok("install", "acme/base@1.0.0")
    index = world.home / "index.json"
    document = json.loads(index.read_bytes())
    document["packages"][0]["sha256"] = "0" * 64
    index.write_text(json.dumps(document))
    result = world.run("install", "acme/base@^1.0", "acme/base@1.0.0")
    assert result.code == 3
    assert "[archive-sha256]" in result.err


def test_a_hundred_packages_are_flushed_together(world: World) -> None:
    names = [f"s{number}" for number in range(20)]
    for name in names:
        world.registry.publish("many", name)
    world.add_folder()
    world.ok("install", *(f"many/{name}" for name in names))
    assert len(world.ok("list", "--json").document["packages"]) == 20  # type: ignore[arg-type]


def test_a_moved_memory_is_verified_against_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(world)
    attempts: list[Connection] = []
    real = installer._attempt

    def moved(connection: Connection, *rest: object) -> object:
        attempts.append(connection)
        if len(attempts) < 3:
            raise MemoryMoved("moved")
        return real(connection, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(installer, "_attempt", moved)
    world.ok("install", "acme/base")
    assert len(attempts) == 3
    monkeypatch.setattr(
        installer, "_attempt", lambda *_: (_ for _ in ()).throw(MemoryMoved("moved"))
    )
    assert world.run("install", "acme/base").code == 1


def test_a_server_is_read_once_and_then_from_the_cache(world: World) -> None:
    world.registry.publish("acme", "base")
    world.add_server()
    world.ok("install", "acme/base")
    archives = [r for r in world.server.asked if r.url.endswith(".skill")]
    assert len(archives) == 1
    world.ok("uninstall", "acme/base")
    world.ok("install", f"{BASE}/acme/base")
    assert [r for r in world.server.asked if r.url.endswith(".skill")] == archives


def test_a_damaged_cache_heals_itself(world: World) -> None:
    world.registry.publish("acme", "base")
    world.add_server()
    world.ok("install", "acme/base")
    world.ok("uninstall", "acme/base")
    for path in (world.home / "cache").rglob("*"):
        if path.is_file():
            path.write_bytes(b"torn")
    world.ok("install", "acme/base")


def test_a_registry_that_is_down_is_a_network_failure(world: World) -> None:
    world.registry.publish("acme", "base")
    world.add_server()
    world.server.is_down = True
    result = world.run("install", "acme/base", "--json")
    assert result.code == NetworkFailure.exit_code
    assert result.error["what"] == "The network is down."


def test_a_record_that_was_signed_again_is_fetched_again(world: World) -> None:
    world.registry.publish("acme", "base")
    world.add_server()
    world.ok("install", "acme/base")
    world.ok("uninstall", "acme/base")
    (record,) = (world.home / "cache").rglob("*.release")
    import hashlib

    old = b"an older record"
    Path(record).write_bytes(hashlib.sha256(old).digest() + old)
    world.ok("install", "acme/base")
