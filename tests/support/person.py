"""Somebody with ``skillpkg``: a home, an agent, a clock that can be moved; commands in process."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from skillpkg.client import build
from skillpkg.commands import info, install, verify
from skillpkg.main import main

AGENT = "claude-code"


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code, JSON result, JSON error, and warnings on the way."""

    code: int
    result: Mapping[str, Any]
    error: Mapping[str, Any]
    warnings: tuple[str, ...]

    @property
    def check(self) -> str:
        """The name of the check that refused; empty when none did."""
        return str(self.error.get("check", ""))


@dataclass
class Person:
    """One user of one machine; nothing of the machine's real user is seen or touched."""

    root: Path
    now: datetime
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """What ``SKILLPKG_HOME`` says."""
        return self.root / "skillpkg"

    @property
    def memory(self) -> Path:
        """What the client remembers of registries: no part of what is installed."""
        return self.home / "registries"

    def run(self, *words: str) -> Ended:
        """Run a command line as a program would: ``--json``, nobody to be asked."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            self._move_in(patch)
            code = main([*words, "--json"])
        said = _documents(err.getvalue())
        return Ended(
            code,
            json.loads(out.getvalue() or "{}"),
            next((item["error"] for item in said if "error" in item), {}),
            tuple(item["warning"] for item in said if "warning" in item),
        )

    def ok(self, *words: str) -> Ended:
        """Run a command that must end well."""
        ended = self.run(*words)
        assert ended.code == 0, ended.error
        return ended

    def pin(self, folder: Path, fingerprint: str) -> None:
        """Add a static folder as the registry of this person."""
        self.ok("registry", "add", "mirror", folder.as_uri(), "--root-fingerprint", fingerprint)

    def install(self, ref: str, *words: str) -> Ended:
        """Install for the agent; the caller looks at how it ended."""
        return self.run("install", ref, "-t", AGENT, *words)

    def installed(self) -> dict[str, str]:
        """Return the store as it is on disk, and what the agent sees: path to kind and bytes."""
        parts = (self.home / "packages", self.home / "records", self.home / "index.json")
        return _tree(*parts, self.root / "user", below=self.root)

    def installed_skills(self) -> list[str]:
        """The versions in the store, ``ns/name/version``."""
        packages = self.home / "packages"
        found = (path.parent for path in packages.glob("*/*/*/SKILL.md"))
        return sorted(str(path.relative_to(packages)) for path in found)

    def keep_memory(self) -> None:
        """Note what registries have shown so far, for `forget`."""
        shutil.copytree(self.memory, self.root / "kept")

    def forget(self) -> None:
        """Go back to the memory that was kept: each trial meets the same client."""
        shutil.rmtree(self.memory)
        shutil.copytree(self.root / "kept", self.memory)

    def _move_in(self, patch: pytest.MonkeyPatch) -> None:
        user, project = self.root / "user", self.root / "project"
        for folder in (user, project):
            folder.mkdir(parents=True, exist_ok=True)
        for name in [name for name in os.environ if name.startswith("SKILLPKG_")]:
            patch.delenv(name)
        patch.delenv("CLAUDE_CONFIG_DIR", raising=False)
        patch.setenv("HOME", str(user))
        patch.setenv("SKILLPKG_HOME", str(self.home))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        for name, value in self.environment.items():
            patch.setenv(name, value)
        patch.setattr(build, "ADMINISTRATOR_PINS", str(self.root / "trust.d"))
        patch.chdir(project)
        for module in (info, install, verify):
            patch.setattr(module, "now", lambda: self.now)


def _documents(text: str) -> list[dict[str, Any]]:
    decoder, found, at = json.JSONDecoder(), [], 0
    while (at := len(text) - len(text[at:].lstrip())) < len(text):
        document, at = decoder.raw_decode(text, at)
        found.append(document)
    return found


def _tree(*roots: Path, below: Path) -> dict[str, str]:
    paths = [path for root in roots for path in (root, *sorted(root.rglob("*")))]
    return {str(path.relative_to(below)): _described(path) for path in paths if _is_there(path)}


def _is_there(path: Path) -> bool:
    return path.is_symlink() or path.exists()


def _described(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    mode = f"{path.stat().st_mode:o}"
    return f"folder {mode}" if path.is_dir() else f"file {mode} {path.read_bytes().hex()}"
