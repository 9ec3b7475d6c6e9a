"""Turns pydantic's errors into mistakes that name the key, the value and what is allowed."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from skillpkg_infra.errors import Mistake


def field_mistakes(error: ValidationError, kind: type[BaseSettings]) -> list[Mistake]:
    """Return one mistake for each wrong value."""
    return [_mistake(item, kind) for item in error.errors(include_url=False)]


def _mistake(item: ErrorDetails, kind: type[BaseSettings]) -> Mistake:
    key = str(item["loc"][0])
    inner = ".".join(str(part) for part in item["loc"][1:])
    place = f" at {inner}" if inner else ""
    found = "missing" if item["type"] == "missing" else f"{item['input']!r}{place}"
    return Mistake((key,), found, _allowed(item, kind, key))


def _allowed(item: ErrorDetails, kind: type[BaseSettings], key: str) -> str:
    context: dict[str, Any] = item.get("ctx", {})
    if "expected" in context:
        return str(context["expected"]).replace("'", "")
    if item["type"] == "string_pattern_mismatch":
        return f"text like {context['pattern']}"
    if item["type"] == "missing":
        return _first_line(kind, key)
    return item["msg"].removeprefix("Value error, ").removeprefix("Input should be ")


def _first_line(kind: type[BaseSettings], key: str) -> str:
    values = getattr(kind.model_fields[key].annotation, "__members__", None)
    if values:
        return ", ".join(str(member) for member in values.values())
    return "a value; it has no default"
