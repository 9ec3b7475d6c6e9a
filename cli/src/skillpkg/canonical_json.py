"""Canonical JSON (RFC 8785): one byte form for everything that is signed or hashed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = (
    "None | bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue]"
)
JsonObject: TypeAlias = "dict[str, JsonValue]"


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
        ValueError: not UTF-8, not JSON, not an object, a key twice, or bytes that differ from
            the object's canonical form: two readers could then see two documents in one hash.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
        canonical = dumps(value)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("expected a JSON object")
    if canonical != data:
        raise ValueError("the JSON is not in its canonical form (RFC 8785)")
    return value


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one JSON object")
    return found
