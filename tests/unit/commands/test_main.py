"""The program itself: help, versions, exit codes, and what it may import."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from skillpkg import main as program
from skillpkg.client.build import VERSION
from skillpkg.commands.progress import Progress
from support.client_world import World


def test_the_version_is_the_distributions() -> None:
    assert version("skillpkg") == VERSION


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_command(world: World, words: tuple[str, ...]) -> None:
    said = world.ok(*words).out
    assert all(f"  {name} " in said for name in program.COMMANDS)
    assert world.ok("--version").out == f"skillpkg {VERSION}\n"


@pytest.mark.parametrize("name", program.COMMANDS)
def test_every_command_has_its_own_help(
    world: World, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        world.run(name, "--help")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: skillpkg {name}")
    assert importlib.import_module(f"skillpkg.commands.{name}").__doc__.split("\n")[0] in said
    with pytest.raises(SystemExit):
        world.run("help", name)
    assert capsys.readouterr().out == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("instal", "a/b"), "Did you mean: skillpkg install"),
        (("zzzz",), "skillpkg --help"),
        (("--frobnicate",), "--frobnicate"),
        (("install",), "skillpkg install --help"),
        (("install", "a/b", "--frobnicate"), "Unrecognized arguments: --frobnicate."),
        (("registry", "add"), "skillpkg registry add --help"),
        (("registry",), "skillpkg registry --help"),
    ],
)
def test_usage_errors(world: World, words: tuple[str, ...], said: str) -> None:
    result = world.run(*words)
    assert result.code == 2
    assert said in result.err


def test_common_options_stand_before_or_after_the_command(world: World) -> None:
    assert world.ok("--json", "list").document["packages"] == []
    assert world.ok("list", "--json").document["packages"] == []
    assert world.run("--json", "nope").error["exit_code"] == 2
    assert world.ok("cache", "dir", "--json").document["path"]


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(*_: object) -> int:
        raise error

    monkeypatch.setattr(program, "_dispatch", run)


def test_the_system_refusing_is_told_without_a_trace(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(monkeypatch, OSError(28, "No space left on device"))
    result = world.run("list")
    assert result.code == 1
    assert "No space left" in result.err
    assert "Traceback" not in result.err


def test_stopping_is_quiet(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    result = world.run("list")
    assert (result.code, result.err) == (130, "Stopped; nothing is left half done.\n")


def test_a_closed_pipe_is_no_trace() -> None:
    script = (
        "import sys; from skillpkg import main as m\n"
        "def d(*_): raise BrokenPipeError\n"
        "m._dispatch = d; sys.exit(m.main(['list']))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (1, "")


HEAVY = ("argparse", "typing", "cryptography", "rich", "urllib3", "yaml", "resolvelib", "keyring")


def loaded(*words: str) -> set[str]:
    script = (
        "import sys; from skillpkg.main import main\n"
        f"main({list(words)!r})\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    alone = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    ended = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, env=alone
    )
    return set(ended.stderr.split())


@pytest.mark.parametrize("words", [("--version",), ("--help",)])
def test_version_and_help_import_next_to_nothing(words: tuple[str, ...]) -> None:
    assert loaded(*words) & set(HEAVY) == set()


def test_a_local_command_imports_no_cryptography_and_no_network(
    world: World,
) -> None:
    assert loaded("list") & {"cryptography", "rich", "urllib3", "yaml", "resolvelib"} == set()


def test_nothing_to_do_imports_no_cryptography_and_no_network(world: World) -> None:
    world.registry.publish("acme", "base")
    world.add_folder()
    world.ok("install", "acme/base@1.0.0")
    heavy = {"cryptography", "rich", "urllib3", "yaml", "resolvelib"}
    needless = {"skillpkg.manifest", "skillpkg.install.targets", "skillpkg.install.verify"}
    assert loaded("install", "acme/base@1.0.0") & (heavy | needless) == set()


def test_files_that_cannot_say_what_they_need_leave_it_to_the_registry(world: World) -> None:
    world.registry.publish("acme", "base")
    world.add_folder()
    world.ok("install", "acme/base@1.0.0")
    (manifest,) = world.home.rglob("packages/acme/base/1.0.0/manifest.json")
    files = json.loads(manifest.read_bytes())["files"]
    for damaged in ({}, {"dependencies": 1}, {"dependencies": ["x"]}):
        manifest.write_bytes(json.dumps({**damaged, "files": files}).encode())
        world.ok("install", "acme/base@1.0.0")
        assert world.run("verify").code == 3


@pytest.mark.parametrize("damaged", [b"{}", b"[]", b"\xff", b'{"files": 1}'])
def test_a_manifest_that_lists_no_files_counts_as_changed(world: World, damaged: bytes) -> None:
    world.registry.publish("acme", "base")
    world.add_folder()
    world.ok("install", "acme/base@1.0.0")
    (manifest,) = world.home.rglob("packages/acme/base/1.0.0/manifest.json")
    manifest.write_bytes(damaged)
    assert "changed: manifest.json" in world.run("install", "acme/base@1.0.0").err
    world.ok("install", "--force", "acme/base@1.0.0")
    world.ok("verify")


def test_what_may_take_over_a_second_shows_progress(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each enters its work under a progress line, which draws by itself after a second."""
    entered: list[str] = []
    monkeypatch.setattr(Progress, "__enter__", lambda self: entered.append(self._label) or self)
    world.registry.publish("acme", "base")
    world.add_folder()
    for words in (("install", "acme/base"), ("info", "acme/base"), ("verify",)):
        world.ok(*words)
    assert entered == ["Verifying", "Verifying", "Checking"]
