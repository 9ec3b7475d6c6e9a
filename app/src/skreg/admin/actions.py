"""What command lines of ``skreg admin`` are made of: groups, and actions imported when they run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

Groups = argparse._SubParsersAction


def add_action(
    group: Groups[argparse.ArgumentParser],
    name: str,
    target: str,
    told: str,
    arguments: Sequence[str] = (),
) -> argparse.ArgumentParser:
    """Add one command; ``target`` is ``module:function``, imported when it runs."""
    action = group.add_parser(name, help=told, description=f"{told[:1].upper()}{told[1:]}.")
    for argument in arguments:
        action.add_argument(argument)
    action.add_argument("--data-dir", type=Path, help="of skreg up; else DATABASE_URL")
    action.add_argument("--json", action="store_true", help="print one JSON document")
    action.set_defaults(run=lambda parsed: _run(target, parsed))
    return action


def add_group(
    groups: Groups[argparse.ArgumentParser], name: str, told: str
) -> Groups[argparse.ArgumentParser]:
    """Add a group of commands."""
    group = groups.add_parser(name, help=told)
    found: Groups[argparse.ArgumentParser] = group.add_subparsers(required=True, metavar="ACTION")
    return found


def _run(target: str, parsed: argparse.Namespace) -> int:
    module, _, function = target.partition(":")
    getattr(import_module(module), function)(parsed)
    return 0
