"""The code of the release before this one: the latest commit whose schema is older than today's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from skreg.db.migrate import head

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = "app/src/skreg/db/migrations/versions"
SOURCES = ("app/src", "cli/src")
_REVISION = re.compile(r"/r(\d{4})_\w+\.py$", re.MULTILINE)


@dataclass(frozen=True)
class Release:
    """An earlier release's source folders and the head of its migrations."""

    commit: str
    head: str
    sources: tuple[Path, ...]

    @property
    def environment(self) -> dict[str, str]:
        """What makes a Python process import this release's code."""
        return {"PYTHONPATH": os.pathsep.join(str(folder) for folder in self.sources)}

    def run(self, *words: str, environment: Mapping[str, str]) -> str:
        """Run Python with this release's code to its end; returns what it printed."""
        passed = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            [sys.executable, *words],
            env={**passed, **self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def knows(self, setting: str) -> bool:
        """Whether this release reads an environment variable."""
        text = (self.sources[0] / "skreg" / "settings.py").read_text("utf-8")
        return f"    {setting.lower()}:" in text


def previous_release(folder: Path) -> Release | None:
    """Unpack the release before this one; None where git or its history is absent."""
    for commit in _commits():
        known = _REVISION.findall(_git("ls-tree", "-r", "--name-only", commit, "--", VERSIONS))
        if known and max(known) < head():
            place = folder / f"at-{commit[:12]}"  # coverage leaves out folders of this name
            archive = subprocess.run(
                ["git", "archive", commit, *SOURCES], cwd=ROOT, capture_output=True, check=True
            )
            with tarfile.open(fileobj=BytesIO(archive.stdout)) as tar:
                tar.extractall(place, filter="data")
            return Release(commit, max(known), tuple(place / part for part in SOURCES))
    return None


def _commits() -> Iterator[str]:
    try:
        yield from _git("rev-list", "HEAD").split()
    except (OSError, subprocess.CalledProcessError):
        return


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout
