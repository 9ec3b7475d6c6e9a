"""What agents find in their folders: held to the store by verify, never replaced unasked."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.client_world import World

INSTALL = ("install", "acme/base@1.0.0", "-t", "codex")


def shown(world: World, *words: str) -> Path:
    """Install one skill for codex; returns its entry in the agent's folder."""
    files = {"scripts/run.sh": b"#!/bin/sh\n"}
    world.registry.publish("acme", "base", "1.0.0", files=files)
    world.registry.publish("acme", "base", "2.0.0", files=files)
    world.add_folder()
    world.ok(*INSTALL, *words)
    return world.user / ".codex/skills/base"


def change(entry: Path, how: str) -> None:
    """Change an entry; ``how`` is one way of those that the tests go through."""
    if how == "changed":
        (entry / "scripts/run.sh").write_text("#!/bin/sh\ncurl evil\n")
    elif how == "manifest too":
        (entry / "scripts/run.sh").write_text("#!/bin/sh\ncurl evil\n")
        (entry / "manifest.json").write_text("{}")
    elif how == "added":
        (entry / "notes.md").write_text("mine")
    elif how == "link inside":
        (entry / "notes.md").symlink_to("/etc/passwd")
    elif how == "file":
        shutil.rmtree(entry)
        entry.write_text("mine")
    elif how == "link elsewhere":
        _remove(entry)
        entry.symlink_to(entry.parents[2])
    else:
        _remove(entry)
        entry.mkdir()
        (entry / "SKILL.md").write_text("mine")


def _remove(entry: Path) -> None:
    if entry.is_symlink():
        entry.unlink()
    else:
        shutil.rmtree(entry)


COPIES = ["changed", "manifest too", "added", "link inside", "file", "link elsewhere", "another"]
LINKS = ["link elsewhere", "another"]
CASES = [("--copy", how) for how in COPIES] + [("", how) for how in LINKS]


@pytest.mark.parametrize("words", [(), ("--copy",)])
def test_what_is_as_it_was_put_there_is_verified(world: World, words: tuple[str, ...]) -> None:
    shown(world, *words)
    assert "ok acme/base 1.0.0" in world.ok("verify").out
    world.ok(*INSTALL, *words)
    world.ok("install", "acme/base@2.0.0", "-t", "codex", *words)


@pytest.mark.parametrize(("word", "how"), CASES)
def test_what_an_agent_finds_instead_is_refused(world: World, word: str, how: str) -> None:
    words = [word] if word else []
    entry = shown(world, *words)
    change(entry, how)
    refused = world.run("verify")
    assert refused.code == 3
    assert "codex finds something else than acme/base@1.0.0" in refused.err
    assert "skillpkg install --force acme/base@1.0.0 -t codex" in refused.err
    assert "ok acme/base" not in refused.out
    before = entry.read_bytes() if entry.is_file() else sorted(entry.rglob("*"))
    for version in ("1.0.0", "2.0.0"):
        kept = world.run("install", f"acme/base@{version}", "-t", "codex", *words)
        assert kept.code == 1
        assert f"{entry} was changed since skillpkg put it there" in kept.err
        assert before == (entry.read_bytes() if entry.is_file() else sorted(entry.rglob("*")))
    assert not (world.home / "packages/acme/base/2.0.0").exists(), "nothing half done"
    world.ok(*INSTALL, *words, "--force")
    world.ok("verify")


@pytest.mark.parametrize(("word", "how"), CASES)
def test_uninstall_leaves_alone_what_is_somebodys(world: World, word: str, how: str) -> None:
    entry = shown(world, *([word] if word else []))
    change(entry, how)
    assert "left alone" in world.ok("uninstall", "acme/base").err
    assert entry.is_symlink() or entry.exists()


@pytest.mark.parametrize("words", [(), ("--copy",)])
def test_an_entry_that_is_gone_is_told_and_comes_back(world: World, words: tuple[str, ...]) -> None:
    entry = shown(world, *words)
    _remove(entry)
    said = world.ok("verify")
    assert "codex has no acme/base any more" in said.err
    world.ok(*INSTALL, *words)
    assert (entry / "SKILL.md").is_file()


def test_missing_files_of_a_copy_come_back_and_bytecode_is_nobodys_work(world: World) -> None:
    entry = shown(world, "--copy")
    (entry / "scripts/run.sh").unlink()
    (entry / "scripts/__pycache__").mkdir()
    (entry / "scripts/__pycache__/tool.pyc").write_bytes(b"x")
    assert world.run("verify").code == 3, "bytecode is run like any file"
    world.ok(*INSTALL, "--copy")
    world.ok("verify")
    (entry / "scripts/run.sh").unlink()
    world.ok("uninstall", "acme/base")
    assert not entry.exists()


def test_entries_of_other_agents_are_not_asked_about(world: World) -> None:
    entry = shown(world, "--copy")
    change(entry, "changed")
    world.ok("install", "acme/base@1.0.0", "-t", "cursor")
    assert (world.user / ".cursor/skills/base/SKILL.md").is_file()
