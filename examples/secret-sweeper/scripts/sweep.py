#!/usr/bin/env python3
"""Find credentials in a folder or in staged changes; print them masked."""

from __future__ import annotations

import argparse
import math
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LARGEST_FILE = 2 * 1024 * 1024
SKIPPED_FOLDERS = frozenset({".git", ".venv", "node_modules", "__pycache__", "dist", "build"})
RULES = {
    "private-key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "aws-access-key": re.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    "github-token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b"),
    "slack-token": re.compile(r"\bxox[abpr]-[A-Za-z0-9-]{20,}"),
    "jwt": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    "url-password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:(?P<value>[^\s/@${}<]{6,})@"),
    "assignment": re.compile(
        r"(?i)(?:password|passwd|secret|token|api_?key)[\"']?\s*[:=]\s*"
        r"[\"']?(?P<value>[A-Za-z0-9+/_.=~-]{16,})"
    ),
}


class Finding(NamedTuple):
    """One place that looks like a credential."""

    path: str
    line: int
    rule: str
    value: str

    def masked(self) -> str:
        """Return the value with all but its first four characters hidden."""
        return f"{self.value[:4]}{'*' * 8} ({len(self.value)} characters)"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    parser.add_argument("--staged", action="store_true", help="what the next commit would add")
    return parser.parse_args()


def entropy(text: str) -> float:
    """Return bits per character: words stay below 3.5, random keys are above."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


def sweep_line(path: str, number: int, text: str) -> Iterator[Finding]:
    """Yield the findings of one line."""
    for rule, pattern in RULES.items():
        for match in pattern.finditer(text):
            value = match.groupdict().get("value") or match[0]
            if rule != "assignment" or entropy(value) > 3.5:
                yield Finding(path, number, rule, value)


def sweep_folder(folder: Path) -> Iterator[Finding]:
    """Yield the findings of every text file below a folder."""
    for path in sorted(folder.rglob("*")):
        shown = path.relative_to(folder)
        if SKIPPED_FOLDERS.isdisjoint(shown.parts) and path.is_file() and not path.is_symlink():
            if path.stat().st_size > LARGEST_FILE:
                continue
            data = path.read_bytes()
            if b"\0" not in data[:8192]:
                lines = data.decode("utf-8", "replace").splitlines()
                for number, text in enumerate(lines, 1):
                    yield from sweep_line(shown.as_posix(), number, text)


def sweep_staged(folder: Path) -> Iterator[Finding]:
    """Yield the findings of the lines that are staged in git."""
    command = ["git", "-C", str(folder), "diff", "--cached", "--unified=0", "--no-color"]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode("utf-8", "replace"))
    path, number = "", 0
    for text in done.stdout.decode("utf-8", "replace").splitlines():
        if text.startswith("+++ "):
            path = text[4:].removeprefix("b/")
        elif text.startswith("@@"):
            number = int(re.findall(r"\+(\d+)", text)[0])
        elif text.startswith("+"):
            yield from sweep_line(path, number, text[1:])
            number += 1


def ignored(folder: Path) -> frozenset[str]:
    """Return the lines of ``.sweepignore``: ``path`` or ``path:rule``."""
    source = folder / ".sweepignore"
    lines = source.read_text("utf-8").splitlines() if source.is_file() else []
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def main() -> int:
    """Print the findings; return 1 when there are any."""
    options = arguments()
    quiet = ignored(options.folder)
    found = sweep_staged(options.folder) if options.staged else sweep_folder(options.folder)
    count = 0
    for finding in found:
        if quiet.isdisjoint({finding.path, f"{finding.path}:{finding.rule}"}):
            sys.stdout.write(f"{finding.path}:{finding.line} {finding.rule} {finding.masked()}\n")
            count += 1
    sys.stderr.write(f"{count} findings\n")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
