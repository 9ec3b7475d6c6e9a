"""What people and programs see: plain lines, JSON, colours only on a terminal.

Names, descriptions and errors come from registries that anybody may publish to. Everything is
cleaned of what could move the cursor, turn the reading direction or hide text.
"""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from skillpkg.errors import SkillpkgError

_SPACES = re.compile(r"[^\S ]+")
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def clean(text: str) -> str:
    """Return ``text`` as one line without control, escape, direction and invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    line = _VARIATION.sub("", _SPACES.sub(" ", text))
    return "".join(c for c in line if unicodedata.category(c) not in _UNSAFE)


class Output:
    """Where a command writes.

    Args:
        as_json: one JSON document on stdout instead of lines; errors are JSON on stderr.
        quiet: no lines on stdout but results asked for; errors and warnings stay.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        quiet: bool = False,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
    ) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr

    @property
    def is_interactive(self) -> bool:
        """Whether a person can be asked: a terminal on both ends and no JSON."""
        return not self.as_json and sys.stdin.isatty() and self._stderr.isatty()

    @property
    def shows_progress(self) -> bool:
        """Whether a moving progress line may be drawn."""
        return not (self.as_json or self.quiet) and self._stderr.isatty()

    def say(self, line: str = "", *styles: str) -> None:
        """Print a line for people; ``styles`` are ``bold``, ``dim``, ``red``, …"""
        if not (self.as_json or self.quiet):
            self._write(self._stdout, self.styled(line, *styles))

    def styled(self, text: str, *styles: str) -> str:
        """Return cleaned text, in colour where stdout is a terminal."""
        return _paint(clean(text), styles) if _is_coloured(self._stdout) else clean(text)

    def line(self, *parts: tuple[str, str]) -> None:
        """Print one line of (text, style) parts; an empty style is plain."""
        if not (self.as_json or self.quiet):
            self._write(
                self._stdout, "".join(self.styled(text, *style.split()) for text, style in parts)
            )

    def result(self, document: Mapping[str, object]) -> None:
        """Print the command's result as JSON, when JSON was asked for."""
        if self.as_json:
            self._write(self._stdout, json.dumps(document, indent=2, default=str))

    def note(self, line: str) -> None:
        """Print a line on stderr that ``--quiet`` silences."""
        if not (self.as_json or self.quiet):
            self._write(self._stderr, clean(line))

    def warn(self, text: str) -> None:
        """Print a warning on stderr."""
        if self.as_json:
            self._write(self._stderr, json.dumps({"warning": text}))
            return
        mark = "warning:"
        if _is_coloured(self._stderr):
            mark = _paint(mark, ("yellow",))
        self._write(self._stderr, f"{mark} {clean(text)}")

    def fail(self, error: SkillpkgError) -> None:
        """Print what happened, why, and what to do, on stderr."""
        if self.as_json:
            self._write(self._stderr, json.dumps({"error": error_document(error)}, indent=2))
            return
        mark = "error:"
        if _is_coloured(self._stderr):
            mark = _paint(mark, ("red", "bold"))
        check = getattr(error, "check", None)
        named = f" [{check}]" if check else ""
        self._write(self._stderr, f"{mark} {clean(error.what)}{named}")
        for label, text in (("why", error.why), ("fix", error.fix)):
            self._block(label, text.splitlines())
        self._block("found", getattr(error, "findings", ()))

    def _block(self, label: str, lines: Iterable[str]) -> None:
        for number, line in enumerate(lines):
            head = f"{label}:" if number == 0 else ""
            self._write(self._stderr, f"  {head:<7}{clean(line)}")

    @staticmethod
    def _write(stream: TextIO, line: str) -> None:
        try:
            stream.write(line + "\n")
        except UnicodeEncodeError:
            stream.write(line.encode("ascii", "backslashreplace").decode("ascii") + "\n")
        stream.flush()


def error_document(error: SkillpkgError) -> dict[str, object]:
    """Return an error as ``--json`` shows it."""
    document: dict[str, object] = {
        "what": error.what,
        "why": error.why,
        "fix": error.fix,
        "exit_code": error.exit_code,
    }
    for key in ("check", "rule", "field", "path", "findings"):
        if value := getattr(error, key, None):
            document[key] = value
    return document


def _is_coloured(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _paint(text: str, styles: Iterable[str]) -> str:
    codes = ";".join(_STYLES[style] for style in styles)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows as lines with aligned columns; the last column is not padded."""
    cleaned = [tuple(clean(cell) for cell in row) for row in rows]
    widths = (
        [max(len(row[i]) for row in cleaned) for i in range(len(cleaned[0]))] if cleaned else []
    )
    return [
        "  ".join([*(cell.ljust(w) for cell, w in zip(row[:-1], widths, strict=False)), row[-1]])
        for row in cleaned
    ]
