#!/usr/bin/env python3
"""Fill a release-notes template from one version's section of a CHANGELOG.md."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent.parent / "assets" / "template.md"
HEADING = re.compile(r"^## \[?v?(?P<version>[^\]\s]+)\]?(?: - (?P<date>\S+))?\s*$", re.MULTILINE)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("changelog", type=Path)
    parser.add_argument("--version", help="section to use (default: the first with a number)")
    parser.add_argument("--product", default="Release", help="name in the title")
    parser.add_argument("--template", type=Path, default=TEMPLATE)
    return parser.parse_args()


def find_section(text: str, wanted: str | None) -> tuple[str, str, str]:
    """Return version, date and body of a section."""
    found = list(HEADING.finditer(text))
    for match, after in zip(found, [*found[1:], None], strict=True):
        version = match["version"]
        if version == (wanted or "").removeprefix("v") or (not wanted and version[0].isdigit()):
            body = text[match.end() : after.start() if after else len(text)].strip()
            return version, match["date"] or "on a date to be set", body
    known = ", ".join(match["version"] for match in found) or "none"
    raise SystemExit(f"no section for {wanted or 'a version'}; the changelog has: {known}")


def split_breaking(body: str) -> tuple[str, str]:
    """Return the breaking changes and everything else."""
    match = re.search(r"^### (?:⚠ )?Breaking.*?\n(?P<items>.*?)(?=^### |\Z)", body, re.M | re.S)
    if match is None:
        return "Nothing: update as usual.", body
    rest = (body[: match.start()] + body[match.end() :]).strip()
    return match["items"].strip(), rest or "See above."


def main() -> None:
    """Print the filled template."""
    options = arguments()
    version, date, body = find_section(options.changelog.read_text("utf-8"), options.version)
    breaking, changes = split_breaking(body)
    text = options.template.read_text("utf-8")
    for key, value in {
        "product": options.product,
        "version": version,
        "date": date,
        "breaking": breaking,
        "changes": changes,
    }.items():
        text = text.replace("{" + key + "}", value)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
