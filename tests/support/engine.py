"""Runs Pulumi's engine over the committed program, with stand-ins where the providers would be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from support.engine_cloud import Cloud, Thing

ROOT = Path(__file__).resolve().parents[2]
CLI = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
"""What an installed Pulumi puts on PATH; they come together."""

PLUGINS = ("aws", "random")

LAUNCHER = """#!/bin/sh
export ENGINE_VERSION={version} PYTHONPATH={folder}
exec {python} -m support.engine_provider
"""


def missing() -> str | None:
    """Return which part of the engine is not installed."""
    return next((name for name in CLI if shutil.which(name) is None), None)


@dataclass(frozen=True, slots=True)
class Engine:
    """One stack of the program in a folder of its own, with its state and its cloud."""

    folder: Path
    stack: str

    @property
    def cloud(self) -> Cloud:
        """What exists in the stand-in cloud at this moment."""
        return Cloud(self.folder / "cloud")

    def run(self, *command: str, fails: bool = False) -> str:
        """Run one command of the CLI on the stack; returns everything that it says."""
        done = subprocess.run(
            ["pulumi", *command, "--non-interactive", "--stack", self.stack],
            cwd=self.folder / "project",
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=240,
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, said
        return said

    def set(self, **values: str | None) -> None:
        """Change keys of the stack's file; ``None`` removes one."""
        path = self.folder / "project" / "stacks" / f"Pulumi.{self.stack}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, value in values.items():
            content["config"].pop(f"skreg:{name}", None)
            if value is not None:
                content["config"][f"skreg:{name}"] = yaml.safe_load(value)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    def preview(self, *options: str) -> dict[str, int]:
        """Return how many resources would be created, changed and so on."""
        said = self.run("preview", "--json", *options)
        summary: dict[str, int] = json.loads(said[said.index("{") :])["changeSummary"]
        return summary

    def up(self, *options: str) -> dict[str, int]:
        """Deploy; return how many resources were created, changed and so on."""
        self.run("up", "--yes", "--skip-preview", *options)
        return self.last()

    def last(self) -> dict[str, int]:
        """Return what the newest update did."""
        found = json.loads(self.run("stack", "history", "--json", "--page-size", "1"))
        changes: dict[str, int] = found[0]["resourceChanges"]
        return changes

    def state(self) -> list[dict[str, Any]]:
        """Return the resources of the state, secrets still encrypted."""
        exported = json.loads(self.run("stack", "export"))
        return list(exported["deployment"].get("resources", ()))

    def thing(self, kind: str, name: str) -> Thing:
        """Return one thing of the cloud."""
        return self.cloud.one(kind, name)

    def _environment(self) -> dict[str, str]:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PULUMI_", "AWS_", "SKILLPKG_"))
        }
        return {
            **clean,
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse battery staple",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "ENGINE_CLOUD": str(self.folder / "cloud"),
        }


def start(folder: Path, stack: str, settings: Mapping[str, str] | None = None) -> Engine:
    """Lay out a project with the committed program and stack file, and make the stack."""
    project = folder / "project"
    (project / "infra").mkdir(parents=True)
    (folder / "state").mkdir()
    shutil.copy(ROOT / "infra/__main__.py", project / "infra")
    shutil.copytree(ROOT / "stacks", project / "stacks")
    _project_file(project)
    install(folder / "home")
    engine = Engine(folder, stack)
    engine.run("stack", "init")
    # Every AWS resource must go through the provider of the stack's own region.
    engine.run("config", "set", "--path", "pulumi:disable-default-providers[0]", "aws")
    engine.set(**(settings or {}))
    return engine


def _project_file(project: Path) -> None:
    """Write Pulumi.yaml as committed, but with the environment that runs these tests.

    No pyproject.toml is copied, so uv has nothing to install; the lock tells which plugins.
    """
    packages = [
        f'[[package]]\nname = "pulumi-{name}"\nversion = "{version(f"pulumi-{name}")}"\n'
        for name in PLUGINS
    ]
    (project / "uv.lock").write_text("version = 1\n\n" + "\n".join(packages), encoding="utf-8")
    content = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    content["runtime"]["options"]["virtualenv"] = sys.prefix
    (project / "Pulumi.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")


def install(home: Path, plugins: Iterable[str] = PLUGINS) -> None:
    """Put the stand-ins where the engine looks for its providers."""
    for name in plugins:
        made = version(f"pulumi-{name}")
        target = home / "plugins" / f"resource-{name}-v{made}" / f"pulumi-resource-{name}"
        target.parent.mkdir(parents=True)
        target.write_text(
            LAUNCHER.format(version=made, folder=ROOT / "tests", python=sys.executable),
            encoding="utf-8",
        )
        target.chmod(0o755)


def packed(project: Path, folder: str, environment: str = sys.prefix) -> Path:
    """Copy a plugin's or a pack's folder beside the project, to run in an environment of ours."""
    target = project.parent / folder
    shutil.copytree(ROOT / "infra" / folder, target, ignore=shutil.ignore_patterns(".venv"))
    manifest = next(target.glob("Pulumi*.yaml"))
    content = yaml.safe_load(manifest.read_text(encoding="utf-8"))
    content["runtime"]["options"]["virtualenv"] = environment
    manifest.write_text(yaml.safe_dump(content), encoding="utf-8")
    (target / "requirements.txt").unlink()
    return target
