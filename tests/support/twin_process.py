"""A container of the twin: one ``skreg`` process that is started again when it ends by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.registry_process import NO_SIGNING, SKREG

PASSED = ("PATH", "HOME", "LANG")
RESTART_SECONDS = 0.5
STOP_SECONDS = 60.0


@dataclass
class Container:
    """One role of the image with exactly the environment that it was given."""

    role: str
    environment: Mapping[str, str]
    log: Path
    sources: Sequence[Path] = ()
    """Folders of another release's code; empty: the installed one."""
    ends: list[int] = field(default_factory=list)
    """Exit codes of the times it ended by itself."""
    _process: subprocess.Popen[bytes] | None = None
    _wanted: threading.Event = field(default_factory=threading.Event)
    _watch: threading.Thread | None = None

    def start(self) -> None:
        """Start it, and start it again whenever it ends, as ECS does."""
        self._wanted.set()
        self._process = self._launch()
        self._watch = threading.Thread(target=self._supervise, daemon=True)
        self._watch.start()

    def stop(self) -> int:
        """End it in order; returns its exit code."""
        self._wanted.clear()
        process = self._process
        assert process is not None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        code = process.wait(STOP_SECONDS)
        if self._watch is not None:
            self._watch.join(STOP_SECONDS)
        return code

    def told(self) -> str:
        """Return its log."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def wait(self, ready: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        """Wait until ``ready`` says so; a failure shows the log's end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if ready():
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.role}: not {what}\n{self.told()[-6000:]}")

    def _supervise(self) -> None:
        while self._wanted.is_set():
            process = self._process
            assert process is not None
            code = process.wait()
            if not self._wanted.is_set():
                return
            self.ends.append(code)
            time.sleep(RESTART_SECONDS)
            if self._wanted.is_set():
                self._process = self._launch()

    def _launch(self) -> subprocess.Popen[bytes]:
        passed = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED or (name.startswith("COV") and not self.sources)
        }
        folders = self.sources or [NO_SIGNING]
        passed["PYTHONPATH"] = os.pathsep.join(str(folder) for folder in folders)
        with self.log.open("ab") as out:
            return subprocess.Popen(
                [*SKREG, self.role], env={**passed, **self.environment}, stdout=out, stderr=out
            )


@contextmanager
def running(container: Container) -> Iterator[Container]:
    """Run a container until the block ends; it must end in order."""
    container.start()
    try:
        yield container
    except BaseException:
        container.stop()
        raise
    assert container.stop() == 0, container.told()[-6000:]
