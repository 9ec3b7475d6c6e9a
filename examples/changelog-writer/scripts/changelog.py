#!/usr/bin/env python3
"""Draft a changelog section from commits that follow Conventional Commits."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from datetime import UTC, datetime

HEADINGS = ("Breaking", "Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Review")
BY_TYPE = {
    "feat": "Added",
    "perf": "Changed",
    "refactor": "Changed",
    "deprecate": "Deprecated",
    "remove": "Removed",
    "fix": "Fixed",
    "revert": "Fixed",
    "security": "Security",
}
QUIET = frozenset({"build", "chore", "ci", "docs", "style", "test"})
SUBJECT = re.compile(r"(?P<type>[a-z]+)(?:\((?P<scope>[^)]*)\))?(?P<bang>!)?: (?P<text>.+)")
# One record a commit: hash, subject and body between characters that no commit message holds.
FORMAT = "%h%x1f%s%x1f%b%x1e"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--from", dest="start", help="tag or commit before the first change")
    parser.add_argument("--to", dest="end", default="HEAD", help="last commit (default HEAD)")
    parser.add_argument("--version", help="version of the section (default Unreleased)")
    parser.add_argument("--date", help="release date, YYYY-MM-DD (default today, in UTC)")
    parser.add_argument("--stdin", action="store_true", help="read subjects, one a line, not git")
    return parser.parse_args()


def commits(options: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Return hash, subject and body of each commit, newest first."""
    if options.stdin:
        return [("", line.strip(), "") for line in sys.stdin if line.strip()]
    span = f"{options.start}..{options.end}" if options.start else options.end
    command = ["git", "log", "--no-merges", f"--format={FORMAT}", span, "--"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"git log {span}: {done.stderr.strip()}")
    records = (record.strip("\n") for record in done.stdout.split("\x1e"))
    return [(h, s, b) for h, s, b in (r.split("\x1f") for r in records if r)]


def place(subject: str, body: str) -> tuple[str, str] | None:
    """Return heading and text of one commit, or None when it is no news."""
    found = SUBJECT.fullmatch(subject)
    if found is None:
        return "Review", subject
    text = found["text"][0].upper() + found["text"][1:]
    if found["bang"] or re.search(r"^BREAKING[ -]CHANGE:", body, re.MULTILINE):
        return "Breaking", f"**{text}**"
    if found["type"] in QUIET:
        return None
    return BY_TYPE.get(found["type"], "Review"), text


def section(options: argparse.Namespace) -> str:
    """Return the whole section as Markdown."""
    groups: dict[str, list[str]] = {heading: [] for heading in HEADINGS}
    for commit, subject, body in commits(options):
        placed = place(subject, body)
        if placed is not None:
            heading, text = placed
            shown = f" ({commit})" if heading == "Review" and commit else ""
            groups[heading].append(f"- {text}{shown}")
    lines = [title(options)]
    for heading, entries in groups.items():
        if entries:
            lines += ["", f"### {heading}", *dict.fromkeys(entries)]
    return "\n".join(lines) + "\n"


def title(options: argparse.Namespace) -> str:
    """Return the section's heading line."""
    if not options.version:
        return "## [Unreleased]"
    date = options.date or datetime.now(tz=UTC).date().isoformat()
    return f"## [{options.version.removeprefix('v')}] - {date}"


if __name__ == "__main__":
    sys.stdout.write(section(arguments()))
