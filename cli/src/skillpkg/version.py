"""SemVer 2.0.0 versions and npm ranges.

Comparators are plain tuples rather than a library's objects: a resolver compares thousands of
versions in one install, and the test suite holds this module to semantic-version's answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache, total_ordering
from typing import NamedTuple, TypeAlias

from skillpkg.errors import VersionInvalid

MAX_VERSION_LENGTH = 128
MAX_RANGE_LENGTH = 256
_NUMBER = r"0|[1-9][0-9]{0,15}"
_PRE = rf"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_TAIL = rf"(?:-(?P<pre>{_PRE}(?:\.{_PRE})*))?(?:\+(?P<build>[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER}){_TAIL}")
_PART = rf"{_NUMBER}|[xX*]"
_HYPHEN = re.compile(r"(\S+) +- +(\S+)")

Identifier: TypeAlias = tuple[int, int, str]
Key: TypeAlias = tuple[int, int, int, int, tuple[Identifier, ...]]
_RELEASE: tuple[int, tuple[Identifier, ...]] = (1, ())


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """One SemVer 2.0.0 version.

    Ordered by SemVer's precedence; build metadata, which precedence ignores, only decides ties,
    so that sorting is the same everywhere. Equal means the same text.
    """

    text: str
    major: int
    minor: int
    patch: int
    prerelease: str
    build: str
    key: Key = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``1.2.3``, ``1.2.3-rc.1`` or ``1.2.3+build``.

        Raises:
            VersionInvalid: not SemVer 2.0.0, or longer than 128 characters.
        """
        found = _VERSION.fullmatch(text) if len(text) <= MAX_VERSION_LENGTH else None
        if found is None:
            raise VersionInvalid(
                f"{text[:160]!a} is not a version.",
                why="Versions are SemVer 2.0.0, for example 1.4.0 or 2.0.0-rc.1.",
                fix=_mend(text),
            )
        major, minor, patch = int(found[1]), int(found[2]), int(found[3])
        pre, build = found["pre"] or "", found["build"] or ""
        return cls(text, major, minor, patch, pre, build, (major, minor, patch, *_rank(pre)))

    def __str__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __lt__(self, other: Version) -> bool:
        return (self.key, self.build) < (other.key, other.build)


def _mend(text: str) -> str:
    found = re.fullmatch(r"v?([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?", text.strip())
    if found is None:
        return "Write it as three numbers."
    return "Write it as " + ".".join(str(int(part or "0")) for part in found.groups()) + "."


def _rank(prerelease: str) -> tuple[int, tuple[Identifier, ...]]:
    if not prerelease:
        return _RELEASE
    return 0, tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in prerelease.split(".")
    )


class _Comparator(NamedTuple):
    operator: str
    key: Key

    def holds(self, key: Key) -> bool:
        if self.operator == ">=":
            return key >= self.key
        if self.operator == "<":
            return key < self.key
        if self.operator == ">":
            return key > self.key
        return key <= self.key if self.operator == "<=" else key == self.key


@dataclass(frozen=True, slots=True)
class Range:
    """An npm range: ``^1.2``, ``~1.2``, ``>=1 <2``, ``1.x``, ``1 - 2``, ``a || b``, ``*``."""

    text: str
    alternatives: tuple[tuple[_Comparator, ...], ...] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Range:
        """Read a range as npm writes it; an empty one means ``*``.

        Raises:
            VersionInvalid: not a range, or longer than 256 characters.
        """
        if len(text) > MAX_RANGE_LENGTH:
            raise _range_invalid(text)
        return cls(text, tuple(_comparators(part.strip(" "), text) for part in text.split("||")))

    def matches(self, version: Version, *, prereleases: bool = False) -> bool:
        """Say whether ``version`` is in the range.

        A pre-release is in it only when the range names a pre-release of the same
        MAJOR.MINOR.PATCH (npm's rule), or when ``prereleases`` asks for all of them.
        """
        return any(_all_hold(group, version, prereleases) for group in self.alternatives)

    def __str__(self) -> str:
        return self.text


def _all_hold(group: tuple[_Comparator, ...], version: Version, prereleases: bool) -> bool:
    if not all(comparator.holds(version.key) for comparator in group):
        return False
    if prereleases or not version.prerelease:
        return True
    return any(c.key[:3] == version.key[:3] and c.key[4] for c in group)


def _range_invalid(text: str) -> VersionInvalid:
    return VersionInvalid(
        f"{text[:160]!a} is not a version range.",
        why="Ranges are written as npm does: ^1.2, ~1.2, >=1 <2, 1.x, *.",
        fix="Write ^ and the lowest version that you tested with.",
    )


def _comparators(part: str, whole: str) -> tuple[_Comparator, ...]:
    hyphen = _HYPHEN.fullmatch(part)
    if hyphen:
        part = f">={hyphen[1]} <={hyphen[2]}"
    found: list[_Comparator] = []
    position = 0
    while position < len(part):
        block = _block().match(part, position)
        if block is None or part[block.end() : block.end() + 1] not in ("", " "):
            raise _range_invalid(whole)
        found.extend(_desugar(block))
        position = block.end()
        while part[position : position + 1] == " ":
            position += 1
    return tuple(found) or (_floor(0, 0, 0),)


@cache
def _block() -> re.Pattern[str]:
    """Compile one comparator's pattern when a range is first read: most runs read none."""
    return re.compile(
        rf"(?P<op>[<>]=?|=|\^|~>?|)[ ]*v?(?P<major>{_PART})"
        rf"(?:\.(?P<minor>{_PART})(?:\.(?P<patch>{_PART}){_TAIL})?)?"
    )


def _number(text: str | None) -> int | None:
    return None if text is None or text in "xX*" else int(text)


def _from(major: int, minor: int, patch: int, pre: str = "", *, op: str = ">=") -> _Comparator:
    return _Comparator(op, (major, minor, patch, *_rank(pre)))


def _floor(major: int, minor: int, patch: int) -> _Comparator:
    """Return ``>=major.minor.patch`` with its own pre-releases: what a partial version means."""
    return _Comparator(">=", (major, minor, patch, 0, ()))


def _below(major: int, minor: int, patch: int) -> _Comparator:
    """Return ``<major.minor.patch``, its own pre-releases excluded as well (npm's ``-0``)."""
    return _Comparator("<", (major, minor, patch, 0, ()))


def _desugar(block: re.Match[str]) -> tuple[_Comparator, ...]:
    operator, pre = block["op"], block["pre"] or ""
    major, minor, patch = (_number(block[name]) for name in ("major", "minor", "patch"))
    if major is None:
        return (_below(0, 0, 0),) if operator in ("<", ">") else (_floor(0, 0, 0),)
    if operator in ("^", "~", "~>"):
        ceiling = _caret if operator == "^" else _tilde
        if minor is None or patch is None:
            return _floor(major, minor or 0, 0), ceiling(major, minor, None)
        return _from(major, minor, patch, pre), ceiling(major, minor, patch)
    if minor is None or patch is None:
        return _partial(operator, major, minor)
    return (_from(major, minor, patch, pre, op=operator or "="),)


def _caret(major: int, minor: int | None, patch: int | None) -> _Comparator:
    if major or minor is None:
        return _below(major + 1, 0, 0)
    if minor or patch is None:
        return _below(0, minor + 1, 0)
    return _below(0, 0, patch + 1)


def _tilde(major: int, minor: int | None, _patch: int | None) -> _Comparator:
    return _below(major + 1, 0, 0) if minor is None else _below(major, minor + 1, 0)


def _partial(operator: str, major: int, minor: int | None) -> tuple[_Comparator, ...]:
    low = (major, minor or 0, 0)
    above = (major + 1, 0, 0) if minor is None else (major, minor + 1, 0)
    if operator == ">=":
        return (_floor(*low),)
    if operator == "<":
        return (_below(*low),)
    if operator == ">":
        return (_floor(*above),)
    if operator == "<=":
        return (_below(*above),)
    return _floor(*low), _below(*above)
