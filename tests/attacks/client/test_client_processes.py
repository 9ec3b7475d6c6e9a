"""F8: processes that are killed anywhere, and two that install at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.client_world import World

TESTS = Path(__file__).parents[2]
PROGRAM = """
import sys; sys.path.insert(0, {tests!r})
from skillpkg.commands import install
from support.certificates import NOW
install.now = lambda: NOW
from skillpkg.main import main
sys.exit(main(sys.argv[1:]))
"""


def start(world: World, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(tests=str(TESTS)), *words],
        cwd=world.project,
        env={**os.environ, "SKILLPKG_HOME": str(world.home), "HOME": str(world.user)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def many(world: World, count: int) -> list[str]:
    for number in range(count):
        world.registry.publish("many", f"s{number}", files={"references/a.md": b"x" * 2000})
    world.add_folder()
    return [f"many/s{number}" for number in range(count)]


@pytest.mark.timeout(120)
def test_two_installs_at_once_both_land(world: World) -> None:
    names = many(world, 12)
    processes = [start(world, "install", *names[:8]), start(world, "install", *names[4:])]
    for process in processes:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert len(world.ok("list", "--json").document["packages"]) == 12  # type: ignore[arg-type]
    world.ok("verify")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seconds", [0.25, 0.4, 0.55])
def test_f8_a_killed_install_leaves_whole_packages_or_none(world: World, seconds: float) -> None:
    names = many(world, 30)
    process = start(world, "install", *names)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    listed = world.ok("list", "--json").document["packages"]
    assert len(listed) in (0, 30)  # type: ignore[arg-type]
    if listed:
        world.ok("verify")
    world.ok("install", *names)
    world.ok("verify")
    assert list((world.home / "packages/.staging").iterdir()) == []
