#!/usr/bin/env python3
"""Rank the nodes of a PostgreSQL JSON plan by their own time and flag what usually matters."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple


class Hot(NamedTuple):
    """One node: its own milliseconds, where it stands, and its flags."""

    own_ms: float
    depth: int
    label: str
    rows: str
    flags: list[str]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "plan", type=Path, help="output of EXPLAIN (ANALYZE, FORMAT JSON), - for stdin"
    )
    parser.add_argument("--top", type=int, default=5, help="how many nodes to show (default 5)")
    return parser.parse_args()


def load(path: Path) -> dict[str, Any]:
    """Return the plan's top document."""
    text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    try:
        document = json.loads(text)
        top = document[0] if isinstance(document, list) else document
        top["Plan"]["Node Type"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise SystemExit(f"{path}: not a JSON plan; use EXPLAIN (ANALYZE, FORMAT JSON)") from error
    return top


def total_ms(node: dict[str, Any]) -> float:
    """Return a node's time over all its loops, children included."""
    return float(node.get("Actual Total Time", 0)) * int(node.get("Actual Loops", 1))


def walk(node: dict[str, Any], depth: int = 0) -> Iterator[Hot]:
    """Yield every node of the tree."""
    children = node.get("Plans", [])
    own = max(0.0, total_ms(node) - sum(total_ms(child) for child in children))
    name = node.get("Index Name") or node.get("Relation Name") or ""
    rows = f"{node.get('Actual Rows', '?')} rows (planned {node.get('Plan Rows', '?')})"
    label = f"{node['Node Type']} {name}".strip()
    yield Hot(own, depth, label, rows, list(flags(node)))
    for child in children:
        yield from walk(child, depth + 1)


def flags(node: dict[str, Any]) -> Iterator[str]:
    """Yield the flags of one node; references/flags.md explains each."""
    planned, seen = node.get("Plan Rows", 0), node.get("Actual Rows", 0)
    if max(planned, seen) >= 10 * max(1, min(planned, seen)):
        yield "estimate"
    if node.get("Rows Removed by Filter", 0) > 10 * max(1, seen):
        yield "filtered"
    if node.get("Sort Space Type") == "Disk":
        yield "disk-sort"
    if node.get("Hash Batches", 1) > 1:
        yield "disk-hash"
    if node.get("Actual Loops", 1) > 1000:
        yield "loops"
    if node.get("Heap Fetches", 0) > max(100, seen // 10):
        yield "heap-fetches"
    if node.get("Shared Read Blocks", 0) > max(1000, node.get("Shared Hit Blocks", 0)):
        yield "disk-reads"


def main() -> None:
    """Print the ranking."""
    options = arguments()
    top = load(options.plan)
    whole = float(top.get("Execution Time") or total_ms(top["Plan"])) or 1.0
    if "Actual Total Time" not in top["Plan"]:
        sys.stdout.write("No real times in this plan: it was made without ANALYZE.\n")
    ranked = sorted(walk(top["Plan"]), key=lambda hot: -hot.own_ms)
    for hot in ranked[: options.top]:
        share = 100 * hot.own_ms / whole
        marks = f"  [{', '.join(hot.flags)}]" if hot.flags else ""
        sys.stdout.write(f"{share:5.1f} % {hot.own_ms:10.1f} ms  {hot.label}: {hot.rows}{marks}\n")


if __name__ == "__main__":
    main()
