"""Inventories: what each component registers, in a file that a person can review.

``python -m skillpkg_infra.plan.inventory --cloud aws`` rewrites them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from skillpkg_infra.plan.registered import Registered, readable
from skillpkg_infra.plan.report import components
from skillpkg_infra.plan.run import Plan, plan_stack

PROFILES = ("dev", "prod", "byo-network")


def inventories(plan: Plan) -> dict[str, str]:
    """Return each component's inventory as YAML, by the component's name."""
    return {name: dump(resources) for name, resources in components(plan).items()}


def dump(resources: list[Registered]) -> str:
    """Return resources as YAML."""
    entries = [_entry(one) for one in resources]
    return yaml.safe_dump(entries, sort_keys=False, width=100, allow_unicode=True)


def _entry(one: Registered) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": one.type, "name": one.name}
    if one.protect:
        entry["protect"] = True
    if one.retain:
        entry["retain_on_delete"] = True
    if one.ignored:
        entry["ignore_changes"] = list(one.ignored)
    return {**entry, "inputs": readable(one.inputs)}


def files(folder: Path, stacks: Path, cloud: str) -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of every inventory of a cloud."""
    for profile in PROFILES:
        for component, text in inventories(plan_stack(stacks, cloud, profile)).items():
            yield folder / cloud / f"{component}-{profile}.yaml", text


def main(arguments: list[str] | None = None) -> int:
    """Rewrite a cloud's inventories; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m skillpkg_infra.plan.inventory")
    parser.add_argument("--cloud", required=True)
    parser.add_argument("--stacks", type=Path, default=Path("stacks"))
    parser.add_argument("--folder", type=Path, default=Path("tests/infra/inventories"))
    chosen = parser.parse_args(arguments)
    for path, text in files(chosen.folder, chosen.stacks, chosen.cloud):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
