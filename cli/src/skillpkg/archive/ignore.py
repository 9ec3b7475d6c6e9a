"""``.skillignore``: what stays out of a package, written as in a ``.gitignore``.

``*`` and ``?`` stop at ``/``, ``**`` crosses it, ``[a-z]`` is a set, a final ``/`` names folders
only, a ``/`` elsewhere anchors the pattern at the top, ``!`` takes a file back in, the last match
wins. As in git, nothing comes back out of a folder that is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from skillpkg.errors import UsageError

MAX_PATTERNS = 1000
ALWAYS = ("__pycache__/", "*.py[co]", "node_modules/", "Thumbs.db", "desktop.ini", "?*.skill")


class _Pattern(NamedTuple):
    matcher: re.Pattern[str]
    negated: bool
    folders_only: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """The patterns of one folder."""

    patterns: tuple[_Pattern, ...]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Ignore:
        """Read patterns; blank lines and ``#`` lines say nothing.

        Raises:
            UsageError: more than 1,000 patterns, or a set that cannot be read.
        """
        wanted = [line.rstrip("\r\n").rstrip(" ") for line in lines]
        wanted = [line for line in wanted if line and not line.startswith("#")]
        if len(wanted) > MAX_PATTERNS:
            raise UsageError(".skillignore is too long.", why=f"max: {MAX_PATTERNS} patterns")
        return cls(tuple(_compile(line) for line in wanted))

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Say whether ``path`` (relative, with ``/``) stays out."""
        for pattern in reversed(self.patterns):
            if (is_folder or not pattern.folders_only) and pattern.matcher.fullmatch(path):
                return not pattern.negated
        return False


def _compile(line: str) -> _Pattern:
    negated = line.startswith("!")
    text = line[1:] if negated else line.removeprefix("\\")
    folders_only = text.endswith("/")
    text = text.rstrip("/")
    anchored = "/" in text
    body = _translate(text.lstrip("/"))
    try:
        matcher = re.compile(body if anchored else f"(?:.*/)?{body}", re.DOTALL)
    except re.error as error:
        raise UsageError(
            f".skillignore: {line!a} is not a pattern.", why=str(error), fix="Mend or remove it."
        ) from error
    return _Pattern(matcher, negated, folders_only)


_TOKEN = re.compile(r"/\*\*/|^\*\*/|/\*\*$|\*+|\?|\[!?\]?[^\]]*\]|\\.|.", re.DOTALL)


def _translate(text: str) -> str:
    return "".join(_piece(token) for token in _TOKEN.findall(text))


def _piece(token: str) -> str:
    fixed = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "?": "[^/]"}
    if token in fixed:
        return fixed[token]
    if token.startswith("*"):
        return "[^/]*"
    if token.startswith("[") and len(token) > 2:
        inner = token[1:-1].replace("\\", "\\\\").replace("[", "\\[")
        return f"[^/{inner[1:]}]" if inner.startswith("!") else f"(?!/)[{inner}]"
    return re.escape(token[1:] if token.startswith("\\") and len(token) == 2 else token)
