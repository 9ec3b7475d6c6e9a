"""list, verify, uninstall, info, config, cache."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.client_world import World


def installed(world: World) -> Path:
    world.registry.publish("acme", "base", files={"scripts/run.sh": b"#!/bin/sh\n"})
    world.registry.publish("acme", "tool", publisher=True, dependencies={"acme/base": "^1"})
    world.add_folder()
    world.ok("install", "acme/tool", "-t", "codex")
    return world.home / "packages/acme/base/1.0.0"


def test_list_shows_signer_registry_and_agents(world: World) -> None:
    assert "Nothing is installed" in world.ok("list").out
    installed(world)
    said = world.ok("list").out
    assert "dependency" in said
    assert "signed by acme" in said
    assert "codex" in said


def test_verify_needs_no_network(world: World) -> None:
    assert "Nothing is installed." in world.ok("verify").out
    installed(world)
    for path in sorted(world.folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    said = world.ok("verify").out
    assert "ok acme/base 1.0.0  signed by the registry · log #0" in said
    assert "signed by publisher acme" in said
    assert len(world.ok("verify", "acme/base", "--json").document["verified"]) == 1  # type: ignore[arg-type]
    assert world.run("verify", "acme/other").code == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("edit", "changed: SKILL.md"),
        ("add", "added: scripts/evil.sh"),
        ("remove", "missing: SKILL.md"),
        ("link", "is a link or a special file"),
        ("manifest", "the log has"),
        ("no manifest", "The manifest cannot be read"),
        ("no record", "Its release record is gone"),
        ("bad record", "cannot be read"),
    ],
)
def test_verify_names_what_was_changed(world: World, change: str, said: str) -> None:
    folder = installed(world)
    record = world.home / "records/acme/base/1.0.0.release"
    if change == "edit":
        (folder / "SKILL.md").write_text("Do evil.")
    elif change == "add":
        (folder / "scripts/evil.sh").write_text("#!/bin/sh\n")
    elif change == "remove":
        (folder / "SKILL.md").unlink()
    elif change == "link":
        (folder / "scripts/run.sh").unlink()
        (folder / "scripts/run.sh").symlink_to("/bin/sh")
    elif change == "manifest":
        document = json.loads((folder / "manifest.json").read_bytes())
        document["description"] = "Something else entirely, and long."
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        (folder / "manifest.json").write_text(text)
    elif change == "no manifest":
        (folder / "manifest.json").unlink()
    elif change == "no record":
        record.unlink()
    else:
        record.write_bytes(b"{}")
    result = world.run("verify")
    assert result.code == 3
    assert said in result.err
    assert "ok acme/tool" in result.out
    assert len(world.run("verify", "--json").document["refused"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value", "check"),
    [
        ("sha256", "0" * 64, "[log-entry]"),
        ("log_index", 7, "[log-entry]"),
        ("signer", {"kind": "publisher", "cert_serial": "1"}, "[log-entry]"),
        ("registry", "0" * 16, "[root-pin]"),
    ],
)
def test_verify_does_not_believe_the_index(
    world: World, key: str, value: object, check: str
) -> None:
    installed(world)
    path = world.home / "index.json"
    document = json.loads(path.read_bytes())
    document["packages"][0][key] = value
    path.write_text(json.dumps(document))
    assert check in world.run("verify", "acme/base").err


def test_verify_without_revocation_lists_says_so(world: World) -> None:
    installed(world)
    for path in (world.home / "registries").rglob("crl/*.json"):
        path.unlink()
    assert "revocation was not checked" in world.ok("verify").err


def test_verify_refuses_records_of_another_package(world: World) -> None:
    installed(world)
    records = world.home / "records/acme"
    (records / "base/1.0.0.release").write_bytes((records / "tool/1.0.0.release").read_bytes())
    assert world.run("verify", "acme/base").code == 3


def test_verify_holds_a_publisher_to_its_namespace(world: World) -> None:
    world.registry.publish("other", "tool", publisher=True)
    world.add_folder()
    assert "[publisher-namespace]" in world.run("install", "other/tool").err


def test_uninstall_removes_files_record_and_links(world: World) -> None:
    folder = installed(world)
    refused = world.run("uninstall", "acme/base")
    assert refused.code == 1
    assert "acme/tool@1.0.0 needs acme/base ^1" in refused.err
    assert folder.is_dir()
    world.ok("uninstall", "acme/base", "acme/tool")
    assert not folder.exists()
    assert not (world.home / "records/acme/base/1.0.0.release").exists()
    assert list((world.user / ".codex/skills").iterdir()) == []
    assert world.run("uninstall", "acme/base").code == 4


def test_uninstall_leaves_what_is_no_longer_its_own(world: World) -> None:
    installed(world)
    skills = world.user / ".codex/skills"
    (skills / "base").unlink()
    (skills / "base").mkdir()
    (skills / "tool").unlink()
    (skills / "tool").symlink_to("/tmp")
    said = world.ok("uninstall", "acme/base", "acme/tool").err
    assert said.count("left alone") == 2
    assert (skills / "base").is_dir()
    assert (skills / "tool").is_symlink()


def test_uninstall_removes_copies_and_forgives_missing_ones(world: World) -> None:
    world.registry.publish("acme", "base").publish("acme", "tool")
    world.add_folder()
    world.ok("install", "acme/base", "acme/tool", "-t", "codex", "--copy")
    import shutil

    shutil.rmtree(world.user / ".codex/skills/tool")
    (world.home / "packages/acme/tool/1.0.0/manifest.json").unlink()
    world.ok("uninstall", "acme/base", "acme/tool")
    assert list((world.user / ".codex/skills").iterdir()) == []


def test_uninstall_does_not_trip_over_a_damaged_neighbour(world: World) -> None:
    installed(world)
    (world.home / "packages/acme/tool/1.0.0/manifest.json").write_text("{")
    world.ok("uninstall", "acme/base")


def test_one_version_of_two(world: World) -> None:
    world.registry.publish("acme", "base", "1.0.0").publish("acme", "base", "2.0.0")
    world.registry.publish("acme", "tool", dependencies={"acme/base": "*"})
    world.add_folder()
    world.ok("install", "acme/tool")
    world.ok("install", "acme/base@1.0.0")
    world.ok("uninstall", "acme/base@1.0.0")
    assert (world.home / "packages/acme/base/2.0.0").is_dir()


def test_info_shows_the_signed_facts(world: World) -> None:
    world.registry.publish("acme", "base", "1.0.0").publish("acme", "base", "2.0.0-rc.1")
    world.registry.publish("acme", "base", "1.1.0", dependencies={"acme/x": "^1"})
    world.registry.set_state("acme/base", "1.0.0", state="yanked", deprecated="use 2")
    world.registry.publish("acme", "tool", publisher=True)
    world.add_folder()
    every = world.ok("info", "acme/base").out
    assert "signed by the registry, after vetting" in every
    assert "deprecated: use 2" in every
    one = world.ok("info", "acme/base@latest").out
    assert "needs    acme/x ^1" in one
    assert "sha256" in one
    ranged = world.ok("info", "acme/base@^1.0", "--json").document["versions"]
    assert [v["version"] for v in ranged] == ["1.1.0", "1.0.0"]  # type: ignore[attr-defined]
    assert "signed by its publisher" in world.ok("info", "acme/tool").out
    assert world.run("info", "acme/base@9.0.0").code == 4


def test_settings_are_checked_before_they_are_kept(world: World) -> None:
    world.add_folder()
    assert "config.toml" in world.ok("config", "path").out
    world.ok("config", "set", "targets", "codex, codex")
    assert world.ok("config", "get", "targets").out == "codex\n"
    world.ok("config", "set", "default_registry", "acme")
    assert world.run("config", "set", "default_registry", "other").code == 4
    assert world.run("config", "set", "copy", "maybe").code == 2
    assert world.run("config", "set", "targets", "nobody").code == 2
    assert world.run("config", "set", "colour", "red").code == 2
    for key in ("targets", "copy", "default_registry"):
        world.ok("config", "unset", key)
    expected = {"default_registry": None, "targets": [], "copy": False}
    assert world.ok("config", "list", "--json").document == expected


@pytest.mark.parametrize(
    "text",
    [
        "=",
        "default_registry = 1",
        "[settings]\ntargets = 'codex'",
        "[settings]\ncopy = 1",
        "[registries]\nacme = 1",
        "[registries.acme]\nurl = 'x'",
    ],
)
def test_a_damaged_configuration_says_where(world: World, text: str) -> None:
    world.home.mkdir()
    (world.home / "config.toml").write_text(text)
    result = world.run("registry", "list")
    assert result.code == 2
    assert "config.toml" in result.err


def test_cache_clean_keeps_what_is_remembered(world: World) -> None:
    world.registry.publish("acme", "base")
    world.add_server()
    world.ok("install", "acme/base")
    assert world.ok("cache", "dir").out.strip() == str(world.home / "cache")
    document = world.ok("cache", "clean", "--json").document
    assert int(str(document["files"])) > 3
    assert not (world.home / "cache").exists()
    assert (world.home / "registries").is_dir()
    assert "Removed 0 files" in world.ok("cache", "clean").out
