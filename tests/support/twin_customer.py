"""Somebody with ``skillpkg``, as real processes: everything through the edge's public names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSED = ("PATH", "LANG")
PASSWORD = "correct horse battery staple"
SKILL = (
    "---\nname: {name}\ndescription: A skill that the twin of a stack publishes.\n---\n\n# {name}\n"
)


@dataclass
class Customer:
    """A home of one's own, and a network in which the stack's names lead to the twin."""

    home: Path
    network: Mapping[str, str]

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        self.home.mkdir(parents=True, exist_ok=True)
        passed = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED or name.startswith("COV")
        }
        own = {
            "HOME": str(self.home),
            "SKILLPKG_HOME": str(self.home / "skillpkg"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        return subprocess.run(
            [sys.executable, "-m", "skillpkg.main", *words, "--json"],
            env={**passed, **own, **self.network},
            cwd=self.home,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ok(self, *words: str, typed: str = "") -> Any:
        """Run a command that must end well; returns its result."""
        done = self.run(*words, typed=typed)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout or "{}")

    def sign_up(self, name: str) -> None:
        """Create an account; its namespace has the same name."""
        self.ok("signup", name, "--password-stdin", typed=f"{PASSWORD}\n")

    def publish(
        self, namespace: str, name: str, version: str = "1.0.0", *, more: bytes = b""
    ) -> Any:
        """Publish a small skill, or one with a large file, and wait for the verdict."""
        folder = self.home / "work" / name / version
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "SKILL.md").write_text(SKILL.format(name=name), "utf-8")
        if more:
            (folder / "asset.bin").write_bytes(more)
        words = ("--namespace", namespace, "--name", name, "--version", version)
        return self.ok("publish", str(folder), *words, "--timeout", "60")

    def install(self, ref: str) -> Any:
        """Install for an agent."""
        return self.ok("install", ref, "-t", "claude-code")

    def installed(self, namespace: str, name: str, version: str = "1.0.0") -> bool:
        """Whether the skill is in this person's store."""
        folder = self.home / "skillpkg" / "packages" / namespace / name / version
        return (folder / "SKILL.md").is_file()
