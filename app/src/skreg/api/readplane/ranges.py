"""Conditional and range requests (RFC 9110, sections 13 and 14), for one byte range."""

from __future__ import annotations

import re
from typing import Final

_RANGE: Final = re.compile(rb"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.ASCII)


class RangeUnsatisfiableError(ValueError):
    """The range begins after the object's end: 416."""


def parse_range(value: bytes, size: int) -> tuple[int, int] | None:
    """Return ``(start, end)``, end exclusive, or None when the header is to be ignored.

    Ignored (the whole object is the answer) are other units, several ranges and bad syntax.

    Raises:
        RangeUnsatisfiableError: nothing of the object lies in the range.
    """
    found = _RANGE.fullmatch(value)
    if found is None or (not found[1] and not found[2]):
        return None
    if not found[1]:
        return _suffix(int(found[2]), size)
    start = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return None
    if start >= size:
        raise RangeUnsatisfiableError
    return start, min(last + 1, size)


def _suffix(length: int, size: int) -> tuple[int, int]:
    if length == 0 or size == 0:
        raise RangeUnsatisfiableError
    return max(0, size - length), size


def none_match(value: bytes, etag: bytes) -> bool:
    """Say whether ``If-None-Match: value`` names ``etag`` (weak comparison): answer 304."""
    if value == etag or value.strip() == b"*":
        return True
    return any(tag.strip().removeprefix(b"W/") == etag for tag in value.split(b","))
