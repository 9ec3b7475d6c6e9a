"""Strict text forms: one spelling for each value, so that two readers never differ."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

MAX_NUMBER = 2**63 - 1
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


def b64(data: bytes) -> str:
    """Return standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: str) -> bytes:
    """Read standard base64 in its only canonical spelling.

    Raises:
        ValueError: another alphabet, padding missing, stray bits or characters.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
    if b64(data) != text:
        raise ValueError("base64 is not in its canonical form")
    return data


def number(text: str) -> int:
    """Read a decimal number from 0 to 2**63 - 1 without sign or leading zero.

    Raises:
        ValueError: any other spelling or value.
    """
    if _NUMBER.fullmatch(text) is None or int(text) > MAX_NUMBER:
        raise ValueError(f"not a number below 2**63 in plain digits: {text[:32]!r}")
    return int(text)


def printable(text: str) -> str:
    """Return ``text`` with all that could steer a terminal replaced: it came from outside."""
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)


def sha256_hex(text: str) -> str:
    """Return ``text`` when it is 64 lowercase hex digits.

    Raises:
        ValueError: it is not.
    """
    if _SHA256.fullmatch(text) is None:
        raise ValueError(f"not a SHA-256 in lowercase hex: {text[:80]!r}")
    return text


def format_time(moment: datetime) -> str:
    """Return RFC 3339 UTC with whole seconds, for example ``2026-11-21T04:00:00Z``."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_time(text: str) -> datetime:
    """Read exactly the form that `format_time` writes.

    Raises:
        ValueError: any other spelling, or a date that does not exist.
    """
    if _TIME.fullmatch(text) is None:
        raise ValueError(f"not a UTC time like 2026-11-21T04:00:00Z: {text[:40]!r}")
    return datetime.fromisoformat(text)
