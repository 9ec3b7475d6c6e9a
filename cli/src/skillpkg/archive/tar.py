"""Canonical ustar, written and read by our own 512-byte header code.

Python's ``tarfile`` accepts shapes that other readers see differently (links, pax and GNU
extensions, duplicate names). This form has one spelling: what is read is written again and must
be the same bytes, and what differs is refused, never repaired.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from skillpkg.archive.limits import Limits
from skillpkg.archive.paths import split_path
from skillpkg.archive.rules import Rule
from skillpkg.errors import ArchiveInvalid

BLOCK = 512
MTIME = 946684800  # 2000-01-01T00:00:00Z: old enough for everyone, valid in zip and FAT
PLAIN, EXECUTABLE = 0o644, 0o755
_OCTAL = re.compile(rb"[0-7]+\0")
_END = bytes(2 * BLOCK)
_MIDDLE = b"0000000\0" * 2  # uid and gid 0
_TAIL = bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2
_KINDS = {
    ord("1"): Rule.LINK_MEMBER,
    ord("2"): Rule.LINK_MEMBER,
    ord("3"): Rule.SPECIAL_MEMBER,
    ord("4"): Rule.SPECIAL_MEMBER,
    ord("5"): Rule.DIRECTORY_MEMBER,
    ord("6"): Rule.SPECIAL_MEMBER,
}


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive: its path, its mode (0o644 or 0o755) and its bytes."""

    path: str
    mode: int
    data: bytes


def mode_of(data: bytes) -> int:
    """Return 0o755 for a file that starts with ``#!`` and 0o644 for any other.

    The content decides because Windows has no execute bit to read.
    """
    return EXECUTABLE if data.startswith(b"#!") else PLAIN


def encode(members: Sequence[Member]) -> bytes:
    """Return the canonical tar of ``members``, which are sorted by path."""
    return b"".join(_pieces(members))


def _pieces(members: Sequence[Member]) -> Iterator[bytes]:
    for member in members:
        yield _header(member)
        yield member.data
        yield bytes(-len(member.data) % BLOCK)
    yield _END


def _header(member: Member) -> bytes:
    prefix, name = split_path(member.path)
    numbers = b"%07o\0" % member.mode + _MIDDLE + b"%011o\0%011o\0" % (len(member.data), MTIME)
    before = name.ljust(100, b"\0") + numbers
    after = b"0" + _TAIL + prefix.ljust(167, b"\0")
    return before + b"%06o\0 " % (sum(before) + 8 * 32 + sum(after)) + after


def decode(tar: bytes, limits: Limits) -> tuple[Member, ...]:
    """Read a canonical tar.

    Raises:
        ArchiveInvalid: the rule it breaks; ``not-canonical`` when every field can be read but the
            bytes differ from the one form that these members have.
    """
    members: list[Member] = []
    offset = total = 0
    while tar[offset : offset + BLOCK].strip(b"\0"):
        if len(members) == limits.files:
            raise ArchiveInvalid(
                Rule.TOO_MANY_FILES, "The archive holds too many files.", why=f"max: {limits.files}"
            )
        member, offset = _member(tar, offset)
        total += len(member.data)
        members.append(member)
    if tar[offset:] != _END:
        raise _broken(Rule.TAR_END, "two zero blocks must end it, and nothing may follow")
    if total > limits.unpacked:
        raise ArchiveInvalid(
            Rule.UNPACKED_TOO_LARGE,
            "The archive unpacks to more than a package may hold.",
            why=f"max: {limits.unpacked} bytes, got: {total}",
        )
    _check_order(members)
    _check_canonical(members, tar)
    return tuple(members)


def _member(tar: bytes, offset: int) -> tuple[Member, int]:
    header = tar[offset : offset + BLOCK]
    if len(header) < BLOCK:
        raise _broken(Rule.TAR_TRUNCATED, "it ends inside a header")
    _check_checksum(header)
    path = _path(header)
    _check_kind(header, path)
    size = _number(header[124:136], path)
    start = offset + BLOCK
    data = tar[start : start + size]
    if len(data) < size:
        raise _broken(Rule.TAR_TRUNCATED, "it ends inside a file", path)
    mode = _number(header[100:108], path)
    if mode != mode_of(data):
        raise _broken(
            Rule.MEMBER_MODE, f"mode {mode:o}: it is 755 for files that start with #!, or 644", path
        )
    return Member(path, mode, data), start + size + -size % BLOCK


def _check_checksum(header: bytes) -> None:
    if header[148:156] != b"%06o\0 " % (sum(header) - sum(header[148:156]) + 8 * 32):
        raise _broken(Rule.TAR_CHECKSUM, "a header's checksum is wrong")


def _check_kind(header: bytes, path: str) -> None:
    kind = header[156]
    if kind != ord("0"):
        rule = _KINDS.get(kind, Rule.TAR_EXTENSION)
        raise _broken(rule, f"type {chr(kind)!a}: an archive holds regular files only", path)
    if header[257:265] != b"ustar\x0000":
        raise _broken(Rule.TAR_MAGIC, "a header is not POSIX ustar", path)


def _path(header: bytes) -> str:
    name = header[0:100].rstrip(b"\0")
    prefix = header[345:500].rstrip(b"\0")
    try:
        return (prefix + b"/" + name if prefix else name).decode("utf-8")
    except UnicodeDecodeError as error:
        shown = name.decode("utf-8", "backslashreplace")
        raise _broken(Rule.PATH_ENCODING, "a path is not UTF-8", shown) from error


def _number(field: bytes, path: str) -> int:
    if not _OCTAL.fullmatch(field):
        raise _broken(Rule.TAR_NUMBER, f"{field!r} is not an octal number in canonical form", path)
    return int(field[:-1], 8)


def _check_order(members: Sequence[Member]) -> None:
    for before, after in pairwise(members):
        if before.path == after.path:
            raise _broken(Rule.DUPLICATE_PATH, "a path stands in it twice", after.path)
        if before.path > after.path:
            raise _broken(Rule.MEMBERS_UNSORTED, "members must be sorted by path", after.path)


def _check_canonical(members: Sequence[Member], tar: bytes) -> None:
    offset = 0
    for piece in _pieces(members):
        if not tar.startswith(piece, offset):
            raise _broken(Rule.NOT_CANONICAL, f"byte {offset} and after differ from the one form")
        offset += len(piece)


def _broken(rule: Rule, why: str, path: str = "") -> ArchiveInvalid:
    shown = path.encode("unicode_escape").decode("ascii")[:200]
    return ArchiveInvalid(
        rule,
        (
            f"{shown}: this member cannot stand in a package."
            if shown
            else "The archive is not valid."
        ),
        path=path,
        why=f"In the tar, {why}.",
        fix="Build it with: skillpkg pack",
    )
