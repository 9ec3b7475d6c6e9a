"""Writes docs/CLI_REFERENCE.md from the programs' own ``--help``; a test holds them equal.

Run as ``python tests/support/cli_reference.py`` (``make docs`` does).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "CLI_REFERENCE.md"
HEADER = """# Commands

This page is what the programs say of themselves (`make docs` writes it). Exit codes of `skillpkg`:
0 done, 1 failed, 2 usage, 3 verification refused, 4 not found, 5 not allowed, 6 network.
"""


def help_of(*words: str) -> str:
    program = Path(sys.executable).parent / words[0]
    done = subprocess.run(
        [str(program), *words[1:], "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
    )
    return done.stdout.rstrip()


def verbs_of(text: str) -> list[str]:
    """The second words a help text lists under a VERB, ACTION or COMMAND placeholder."""
    if not re.search(r"^usage: .*(VERB|ACTION|COMMAND)", text, re.MULTILINE):
        return []
    body = text.split("options:")[0]
    return [m for m in re.findall(r"^ {2,4}([a-z][a-z-]*)(?= |$)", body, re.MULTILINE)]


def section(*words: str) -> str:
    text = help_of(*words)
    mark = "#" * (len(words) + 1)
    nested = "".join(section(*words, verb) for verb in verbs_of(text))
    return f"\n{mark} {' '.join(words)}\n\n```text\n{text}\n```\n{nested}"


def page() -> str:
    return HEADER + section("skillpkg") + section("skreg")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
