"""Typed reads from a JSON object: a wrong type names the field instead of travelling on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.crypto.encoding import MAX_NUMBER, parse_time, sha256_hex, unb64

T = TypeVar("T")


def text(value: JsonObject, key: str) -> str:
    """Return the string at ``key``; ValueError names the field otherwise."""
    found = value.get(key)
    if not isinstance(found, str):
        raise ValueError(f"{key}: expected a string")
    return found


def integer(value: JsonObject, key: str, *, least: int = 0, most: int = MAX_NUMBER) -> int:
    """Return the integer at ``key`` within bounds; ValueError names the field otherwise."""
    found = value.get(key)
    if not isinstance(found, int) or isinstance(found, bool) or not least <= found <= most:
        raise ValueError(f"{key}: expected an integer from {least} to {most}")
    return found


def items(value: JsonObject, key: str, *, most: int) -> list[JsonValue]:
    """Return the list at ``key`` of at most ``most`` items."""
    found = value.get(key)
    if not isinstance(found, list) or len(found) > most:
        raise ValueError(f"{key}: expected a list of at most {most} items")
    return found


def objects(value: JsonObject, key: str, *, most: int) -> list[JsonObject]:
    """Return the list of objects at ``key``."""
    return [_object(item, key) for item in items(value, key, most=most)]


def strings(value: JsonObject, key: str, *, most: int) -> list[str]:
    """Return the list of strings at ``key``."""
    found = [item for item in items(value, key, most=most) if isinstance(item, str)]
    if len(found) != len(items(value, key, most=most)):
        raise ValueError(f"{key}: expected strings")
    return found


def mapping(value: JsonObject, key: str) -> JsonObject:
    """Return the object at ``key``."""
    return _object(value.get(key), key)


def string_map(value: JsonObject, key: str) -> dict[str, str]:
    """Return the object at ``key`` whose values are all strings."""
    return {name: text(mapping(value, key), name) for name in mapping(value, key)}


def integer_map(value: JsonObject, key: str) -> dict[str, int]:
    """Return the object at ``key`` whose values are all integers from 0."""
    return {name: integer(mapping(value, key), name) for name in mapping(value, key)}


def digest(value: JsonObject, key: str) -> str:
    """Return the lowercase SHA-256 hex at ``key``."""
    return _named(key, sha256_hex, text(value, key))


def binary(value: JsonObject, key: str) -> bytes:
    """Return the base64 at ``key`` as bytes."""
    return _named(key, unb64, text(value, key))


def binaries(value: JsonObject, key: str, *, most: int) -> tuple[bytes, ...]:
    """Return the list of base64 strings at ``key`` as bytes."""
    return tuple(_named(key, unb64, item) for item in strings(value, key, most=most))


def moment(value: JsonObject, key: str) -> datetime:
    """Return the UTC time at ``key``."""
    return _named(key, parse_time, text(value, key))


def optional(read: Callable[[JsonObject, str], T], value: JsonObject, key: str) -> T | None:
    """Return what ``read`` returns, or None where ``key`` is null or absent."""
    return None if value.get(key) is None else read(value, key)


def schema(value: JsonObject, expected: str) -> None:
    """Require the document's ``schema``; ValueError says which one was found."""
    if value.get("schema") != expected:
        raise ValueError(f"schema: expected {expected}, found {str(value.get('schema'))[:60]!r}")


def _object(found: JsonValue, key: str) -> JsonObject:
    if not isinstance(found, dict):
        raise ValueError(f"{key}: expected an object")
    return found


def _named(key: str, read: Callable[[str], T], raw: str) -> T:
    try:
        return read(raw)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error
