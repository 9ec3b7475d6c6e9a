"""Programs that some suites need and a machine may not have; nothing is downloaded by a test.

They are looked for in ``SKREG_TEST_TOOLS`` (default ``~/.cache/skreg-tests``). To make them::

    npm install --prefix ~/.cache/skreg-tests/azurite azurite
    (cd tests/support/gcs && go build -o ~/.cache/skreg-tests/fake-gcs .)
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def tools() -> Path:
    """The folder of such programs."""
    return Path(os.environ.get("SKREG_TEST_TOOLS", Path.home() / ".cache" / "skreg-tests"))


def azurite() -> list[str] | None:
    """How to start Azure Blob Storage's stand-in, None when it is absent."""
    script = tools() / "azurite/node_modules/azurite/dist/src/blob/main.js"
    node = shutil.which("node")
    return [node, str(script)] if node and script.exists() else None


def fake_gcs() -> list[str] | None:
    """How to start Cloud Storage's stand-in, None when it is absent."""
    program = tools() / "fake-gcs"
    return [str(program)] if program.exists() else None


def policy_sdk() -> Path | None:
    """The environment with Pulumi's policy SDK, None when it is absent."""
    folder = tools() / "policy"
    return folder if (folder / "bin" / "python").exists() else None


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run a server until the block ends; with ``port``, wait until it accepts connections."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        if port is not None:
            _wait_for(port)
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"nothing listens on port {port}")
