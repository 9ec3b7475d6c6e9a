"""The figures as a file that benches share, and as a table for people."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

Figures = dict[str, object]
LATEST = Path(__file__).parent / "results" / "latest.json"


class Absent(Exception):
    """Something that a bench needs is not installed; the message names it and how to get it."""


def require(tools: dict[str, str]) -> None:
    """Check that each program is on the path.

    Args:
        tools: program -> what to install.

    Raises:
        Absent: names every program that is missing.
    """
    gone = [f"{tool} (install {source})" for tool, source in tools.items() if not which(tool)]
    if gone:
        raise Absent(f"cannot measure without {', '.join(gone)}.")


def which(tool: str) -> str | None:
    """Return a program's path; the system's own folders count even when PATH leaves them out."""
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def merge(figures: Figures, path: Path = LATEST) -> Path:
    """Write ``figures`` over the file's keys of the same names, objects merged key by key."""
    known: Figures = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_merged(known, figures), indent=2, sort_keys=True) + "\n")
    return path


def _merged(old: Figures, new: Figures) -> Figures:
    result = dict(old)
    for key, value in new.items():
        before = result.get(key)
        both = isinstance(before, dict) and isinstance(value, dict)
        result[key] = _merged(before, value) if both else value  # type: ignore[arg-type]
    return result


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows under a head, columns aligned: the first to the left, the others to the right."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"
    return str(value)
