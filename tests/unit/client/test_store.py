"""The store and agents' folders: what stands in the way is refused, what was left is swept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillpkg.errors import InstallFailed, UsageError
from skillpkg.install import agents
from skillpkg.install import store as store_module
from skillpkg.install.folders import Folder
from skillpkg.install.store import Store, StoreChange
from skillpkg.install.targets import agents_here, find_target
from support.client_world import World


def ready(world: World) -> Store:
    world.registry.publish("acme", "base", "1.0.0").publish("acme", "base", "1.1.0")
    world.add_folder()
    return Store.of_user()


@pytest.mark.parametrize("moment", ["stage", "settle", "register"])
def test_a_killed_install_leaves_nothing_half_done(
    world: World, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    store = ready(world)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if moment == "stage":
            patch.setattr(Folder, "still_here", die)
        else:
            patch.setattr(StoreChange, moment, die)
        assert world.run("install", "acme/base").code == 130
    assert store.read().packages == ()
    world.ok("install", "acme/base")
    staging = world.home / "packages/.staging"
    assert list(staging.iterdir()) == []
    world.ok("verify")


def test_stale_staging_is_swept(world: World) -> None:
    ready(world)
    left = world.home / "packages/.staging/abc/deep"
    left.mkdir(parents=True)
    (left / "file").write_text("half")
    world.ok("install", "acme/base")
    assert list((world.home / "packages/.staging").iterdir()) == []


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"schema":"other"}', '{"schema":"skreg.installed/1"}']
)
def test_a_damaged_index_is_said(world: World, text: str) -> None:
    ready(world)
    (world.home / "index.json").write_text(text)
    result = world.run("list")
    assert result.code == 1
    assert "index.json cannot be read" in result.err


@pytest.mark.parametrize("bad", [1, {"package": "a"}, {"kind": "x"}])
def test_a_damaged_placement_is_said(world: World, bad: object) -> None:
    ready(world)
    document = {"schema": "skreg.installed/1", "packages": [], "placements": [bad]}
    (world.home / "index.json").write_text(json.dumps(document))
    assert world.run("list").code == 1


def test_a_store_that_others_may_write_is_refused(world: World) -> None:
    ready(world)
    world.home.chmod(0o777)
    result = world.run("install", "acme/base")
    assert result.code == 1
    assert "everybody may write it" in result.err


def test_a_home_that_was_moved_by_a_link_is_fine(world: World) -> None:
    world.home.mkdir()
    world.home.rename(world.root / "real")
    world.home.symlink_to(world.root / "real")
    ready(world)
    world.ok("install", "acme/base")
    assert (world.root / "real/packages/acme/base/1.1.0").is_dir()


def test_two_stores_do_not_meet(world: World) -> None:
    ready(world)
    world.ok("install", "acme/base", "--local")
    assert Store.of_user().read().packages == ()
    assert len(Store.of_project(world.project).read().packages) == 1
    assert "acme/base" in world.ok("list", "--local").out


def test_the_wait_for_another_install_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from skillpkg.client import files

    ready(world)
    real = files.locked
    monkeypatch.setattr(store_module, "_PATIENCE", 0.05)
    with real(world.home / "store.lock"):
        result = world.run("install", "acme/base")
    assert result.code == 1
    assert "Another skillpkg" in result.err


def test_the_agents_table_is_whole() -> None:
    assert len(agents.AGENTS) == 80
    assert agents.AGENTS["claude-code"].user == ".claude/skills"
    for agent in agents.AGENTS.values():
        assert agent.project
        assert ".." not in agent.project + agent.user


def test_agents_move_their_own_folders(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    assert find_target("claude-code", None).folder == tmp_path / "elsewhere/skills"
    assert find_target("claude-code", tmp_path).folder == tmp_path / ".claude/skills"
    with pytest.raises(UsageError, match="no skills folder for the user"):
        find_target("eve", None)
    with pytest.raises(UsageError, match="no agent"):
        find_target("zzzzzz", None)


def test_agents_here_are_those_with_a_folder_of_their_own(world: World) -> None:
    for folder in (".codex", ".agents", ".gemini", ".openclaw"):
        (world.user / folder).mkdir()
    assert agents_here() == ["codex", "gemini-cli", "openclaw"]


def test_a_name_that_is_taken_gives_way_to_the_long_one(world: World) -> None:
    ready(world)
    theirs = world.user / ".codex/skills/base"
    theirs.mkdir(parents=True)
    (theirs / "SKILL.md").write_text("mine")
    world.ok("install", "acme/base@1.0.0", "-t", "codex")
    assert (theirs / "SKILL.md").read_text() == "mine"
    long = world.user / ".codex/skills/acme__base"
    assert long.is_symlink()
    world.ok("install", "acme/base@1.1.0", "-t", "codex")
    assert long.resolve().name == "1.1.0"
    assert sorted(p.name for p in theirs.parent.iterdir()) == ["acme__base", "base"]


def test_two_taken_names_are_refused(world: World) -> None:
    ready(world)
    for name in ("base", "acme__base"):
        (world.user / ".codex/skills" / name).mkdir(parents=True)
    result = world.run("install", "acme/base", "-t", "codex")
    assert result.code == 1
    assert "did not put there" in result.err


def test_a_copy_becomes_a_link_and_a_link_a_copy(world: World) -> None:
    ready(world)
    shown = world.user / ".codex/skills/base"
    for words in (["--copy"], [], ["--copy"]):
        world.ok("install", "acme/base", "-t", "codex", *words)
        assert shown.is_symlink() is (not words)
        assert (shown / "SKILL.md").is_file()
    assert [p.name for p in shown.parent.iterdir()] == ["base"]


def test_a_version_folder_that_is_no_folder_is_not_replaced(world: World) -> None:
    ready(world)
    folder = world.home / "packages/acme/base"
    folder.mkdir(parents=True)
    (folder / "1.1.0").write_text("something")
    with pytest.raises(AssertionError, match="not a folder that skillpkg made"):
        world.ok("install", "acme/base")
    assert (folder / "1.1.0").read_text() == "something"
    assert InstallFailed.exit_code == 1
