"""Canonical JSON (RFC 8785): one byte form for everything that is signed or hashed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
JsonObject: TypeAlias = "dict[str, JsonValue]"
_LARGEST = 2**53 - 1
_BEYOND_UTF16_UNIT = re.compile("[\U00010000-\U0010ffff]")


def dumps(value: JsonValue) -> bytes:
    """Return the RFC 8785 form of ``value`` as UTF-8 bytes.

    Raises:
        ValueError: ``value`` holds what JSON cannot carry exactly (NaN, integers past 2**53).
    """
    import rfc8785

    return rfc8785.dumps(value)


def loads(data: bytes) -> JsonObject:
    """Read one canonical JSON object.

    Raises:
        ValueError: not UTF-8, not JSON, not an object, a key twice, a number that is no integer
            of at most 53 bits, or bytes that differ from the object's canonical form: two
            readers could then see two documents in one hash.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_exact,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
        canonical = _encode(value)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    if canonical != data:
        raise ValueError("the JSON is not in its canonical form (RFC 8785)")
    return value


def _encode(value: JsonValue) -> bytes:
    # With exact integers only, the standard encoder differs from RFC 8785 in one thing: it sorts
    # keys by code point, not by UTF-16 unit. It is four times quicker, and every install pays.
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    plain = text.isascii() or not _BEYOND_UTF16_UNIT.search(text)
    return text.encode("utf-8") if plain else dumps(value)


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one JSON object")
    return found


def _exact(text: str) -> int:
    if len(text) > 17 or abs(number := int(text)) > _LARGEST:
        raise ValueError("a number is larger than 2**53 - 1")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text[:20]} is not an integer")
