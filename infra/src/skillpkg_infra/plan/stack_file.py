"""Reads a stack's file the way the engine would: objects and lists become JSON text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml


def read_stack_file(folder: Path, cloud: str, stack: str) -> dict[str, str]:
    """Return the configuration of ``Pulumi.<cloud>-<stack>.yaml``.

    Raises:
        FileNotFoundError: there is no such file; the message lists those that there are.
    """
    path = folder / f"Pulumi.{cloud}-{stack}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(one.name for one in folder.glob("Pulumi.*.yaml"))) or "none"
        raise FileNotFoundError(f"There is no {path}. Stack files in {folder}: {known}.")
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {key: _text(value) for key, value in content["config"].items()}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value)
