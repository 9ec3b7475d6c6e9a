"""What the commands of ``skreg admin`` share: the database, passwords, and how results look."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any, TypeVar

from skreg.administration import with_pool
from skreg.api.services.staff import Actor

T = TypeVar("T")


def doing(parsed: argparse.Namespace, work: Callable[[Actor], Awaitable[T]]) -> T:
    """Run ``work`` as the operator on the database that the command line names."""
    return with_pool(parsed.data_dir, lambda pool: work(Actor(pool)))


def everything(
    parsed: argparse.Namespace,
    page: Callable[[Actor, str], Awaitable[list[T]]],
    cursor: Callable[[T], str],
) -> list[T]:
    """Return all pages of a list."""

    async def read(actor: Actor) -> list[T]:
        found: list[T] = []
        while more := await page(actor, cursor(found[-1]) if found else ""):
            found += more
        return found

    return doing(parsed, read)


def show(parsed: argparse.Namespace, result: object, line: str) -> None:
    """Print a result: the JSON document, or one line for people."""
    _write(json.dumps(_plain(result), indent=2, default=str) if parsed.json else line)


def show_table(
    parsed: argparse.Namespace, results: Sequence[object], columns: Sequence[str]
) -> None:
    """Print results: a JSON list, or lines with these columns."""
    documents = [_plain(item) for item in results]
    if parsed.json:
        _write(json.dumps(documents, indent=2, default=str))
        return
    cells = [[_cell(item.get(name)) for name in columns] for item in documents]
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in [list(columns), *cells]:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        _write("  ".join(padded).rstrip())


def typed_password() -> str:
    """Return the password that a person types, or the first line of stdin."""
    import getpass

    return getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def _plain(result: object) -> Mapping[str, Any]:
    if is_dataclass(result) and not isinstance(result, type):
        return asdict(result)
    return dict(result) if isinstance(result, Mapping) else {"result": result}


def _cell(value: object) -> str:
    if value is None or value is False or value == "":
        return "-"
    return f"{value:%Y-%m-%d}" if hasattr(value, "year") else str(value)


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
