#!/usr/bin/env python3
"""Profile a delimited text file: one line a column, and what needs a decision."""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

MISSING = frozenset({"", "na", "n/a", "null", "none", "nan", "-", "?"})
MANY = 10_000
TYPES = {
    "integer": re.compile(r"[+-]?\d{1,18}"),
    "number": re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"),
    "date": re.compile(
        r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    ),
    "boolean": re.compile(r"true|false|yes|no|0|1", re.IGNORECASE),
}


class Column:
    """What one pass over a column has seen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.filled = self.missing = 0
        self.fits: Counter[str] = Counter()
        self.misfits: dict[str, list[str]] = {kind: [] for kind in TYPES}
        self.values: Counter[str] | None = Counter()
        self.low: float | None = None
        self.high: float | None = None

    def add(self, value: str) -> None:
        """Count one cell."""
        value = value.strip()
        if value.lower() in MISSING:
            self.missing += 1
            return
        self.filled += 1
        for kind, pattern in TYPES.items():
            if pattern.fullmatch(value):
                self.fits[kind] += 1
            elif len(self.misfits[kind]) < 3:
                self.misfits[kind].append(value[:40])
        if TYPES["number"].fullmatch(value):
            number = float(value)
            self.low = number if self.low is None else min(self.low, number)
            self.high = number if self.high is None else max(self.high, number)
        if self.values is not None:
            self.values[value] += 1
            if len(self.values) > MANY:
                self.values = None

    def type(self) -> str:
        """Return the narrowest type that holds for 99 % of the filled cells."""
        for kind in ("boolean", "integer", "number", "date"):
            if self.filled and self.fits[kind] >= 0.99 * self.filled:
                return kind
        return "text" if self.filled else "empty"

    def facts(self) -> dict[str, object]:
        """Return the column's profile."""
        kind = self.type()
        odd = self.filled - self.fits[kind] if kind in TYPES else 0
        return {
            "column": self.name,
            "type": kind,
            "missing": self.missing,
            "distinct": len(self.values) if self.values is not None else f"{MANY}+",
            "min": self.low if kind in ("integer", "number") else None,
            "max": self.high if kind in ("integer", "number") else None,
            "odd": odd,
            "odd_examples": self.misfits[kind] if odd else [],
            "most_common": [] if self.values is None else self.values.most_common(3),
        }


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--delimiter", help="one character (default: found by itself)")
    parser.add_argument("--encoding", help="for example latin-1 (default: UTF-8, else Latin-1)")
    parser.add_argument("--key", help="column whose values should be unique")
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    return parser.parse_args()


def encoding_of(path: Path) -> str:
    """Return UTF-8 when the whole file is UTF-8, and Latin-1 otherwise."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for _ in stream:
                continue
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


def rows(path: Path, encoding: str, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each row."""
    with path.open(encoding=encoding, newline="") as stream:
        if delimiter is None:
            sample = stream.read(64 * 1024)
            stream.seek(0)
            first = sample.partition("\n")[0]
            delimiter = max(",;\t|", key=first.count)
        reader = csv.reader(stream, delimiter=delimiter)
        for row in reader:
            yield reader.line_num, row


def profile(options: argparse.Namespace) -> dict[str, object]:
    """Return the profile of the whole file."""
    source = rows(options.file, options.encoding or encoding_of(options.file), options.delimiter)
    _, header = next(source, (0, []))
    columns = [Column(name.strip() or f"column {i}") for i, name in enumerate(header, 1)]
    count, broken = 0, []
    for line, row in source:
        if not row:
            continue
        count += 1
        if len(row) != len(columns):
            broken.append(line)
        for column, value in zip(columns, row, strict=False):
            column.add(value)
    result: dict[str, object] = {
        "rows": count,
        "broken_rows": len(broken),
        "broken_lines": broken[:10],
        "columns": [column.facts() for column in columns],
    }
    if options.key:
        result["key"] = check_key(options.key, columns)
    return result


def check_key(name: str, columns: list[Column]) -> str:
    """Say whether a column's values are unique."""
    for column in columns:
        if column.name == name:
            if column.values is None:
                return f"{name}: more than {MANY} values, not checked"
            repeated = sum(1 for times in column.values.values() if times > 1)
            return f"{name}: {repeated} values stand more than once, {column.missing} are missing"
    raise SystemExit(f"there is no column {name!r}")


def show(result: dict[str, object]) -> str:
    """Return the profile as aligned text."""
    lines = [
        f"{result['rows']} rows, {result['broken_rows']} broken {result['broken_lines'] or ''}"
    ]
    for facts in result["columns"]:  # type: ignore[attr-defined]
        span = f" {facts['min']}..{facts['max']}" if facts["min"] is not None else ""
        odd = f" odd={facts['odd']} {facts['odd_examples']}" if facts["odd"] else ""
        lines.append(
            f"{facts['column']:<24.24} {facts['type']:<8} missing={facts['missing']}"
            f" distinct={facts['distinct']}{span}{odd}"
        )
    if "key" in result:
        lines.append(f"key {result['key']}")
    return "\n".join(lines)


if __name__ == "__main__":
    chosen = arguments()
    found = profile(chosen)
    sys.stdout.write((json.dumps(found, indent=2) if chosen.json else show(found)) + "\n")
