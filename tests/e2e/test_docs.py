"""Every command block of the README and the docs runs, in order, as a reader would type it.

A fence ``sh terminal`` is a second terminal: it is started and kept until the page ends. Only
the port and the data folder are put in place of the defaults, so that pages can be tried on a
machine where a registry already runs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.registry_process import NO_SIGNING

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]
FENCE = re.compile(r"^```sh( terminal| cloud)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The README's two commands are this suite and tests/e2e/test_demo.py.
ELSEWHERE = ("make demo", "make test")


@dataclass(frozen=True)
class Block:
    """One command block: its kind (``""``, ``terminal``, ``cloud``) and text."""

    kind: str
    text: str


def blocks(page: str) -> list[Block]:
    found = FENCE.findall((ROOT / page).read_text("utf-8"))
    every = [Block(kind.strip(), text) for kind, text in found]
    return [block for block in every if not block.text.strip().startswith(ELSEWHERE)]


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = Path("/tmp") / f"skreg-docs-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SKILLPKG_", "SKREG_"))}
    return kept | {
        "HOME": str(home),
        "PYTHONPATH": str(NO_SIGNING),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "PAGER": "cat",
    }


def adapt(text: str, port: int, data: Path) -> str:
    text = text.replace("8470", str(port)).replace(".venv/bin/", "")
    text = text.replace(" --data-dir /var/tmp/skreg", "").replace("/var/tmp/skreg", str(data))
    text = re.sub(r"skreg up\b", f"skreg up --port {port} --data-dir {data}", text)
    with_data = r"skreg (pki|admin) (?!init-root|sign )([\w-]+)"
    return re.sub(with_data, rf"skreg \1 \2 --data-dir {data}", text)


@contextmanager
def terminal(text: str, env: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        ["bash", "-ec", f"exec {text.strip()}"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert any("ready" in line for line in process.stdout), "it never said that it is ready"
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def run(text: str, env: dict[str, str]) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=180,
    )
    assert done.returncode == 0, f"{text}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"


@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize("page", PAGES)
def test_every_command_block_runs(page: str, place: Path) -> None:
    wanted = blocks(page)
    if any(block.kind == "cloud" for block in wanted) and shutil.which("pulumi") is None:
        wanted = [block for block in wanted if block.kind != "cloud"]
    port, data, env = free_port(), place / "data", environment(place)
    first = next((n for n, block in enumerate(wanted) if block.kind == "terminal"), len(wanted))

    def script(part: list[Block]) -> str:
        return "\n".join(adapt(one.text, port, data) for one in part if one.kind == "") or "true"

    run(script(wanted[:first]), env)
    if first < len(wanted):
        with terminal(adapt(wanted[first].text, port, data), env):
            run(script(wanted[first:]), env)
