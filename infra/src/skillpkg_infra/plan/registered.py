"""One registered resource, as a person reviews it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that Pulumi keeps encrypted in its state and hides in its output."""

    value: Any

    def __repr__(self) -> str:
        return "[secret]"


@dataclass(slots=True)
class Registered:
    """What the program asked for, and what the stand-in cloud answered."""

    type: str
    name: str
    urn: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    protect: bool = False
    retain: bool = False
    ignored: Sequence[str] = ()
    after: Sequence[str] = ()
    answered: Mapping[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type without its module, for example ``Bucket``."""
        return self.type.rpartition(":")[2]


def revealed(value: Any) -> Any:
    """Return the value with its secrets in the open, for the one who runs a twin of the stack."""
    if isinstance(value, Secret):
        return revealed(value.value)
    if isinstance(value, Mapping):
        return {key: revealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [revealed(item) for item in value]
    return value


def readable(value: Any) -> Any:
    """Return the value for a file: secrets hidden, JSON texts as what they say."""
    if isinstance(value, Secret):
        return "[secret]"
    if isinstance(value, Mapping):
        return {key: readable(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [readable(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _decoded(value) if isinstance(value, str) else value


def _decoded(text: str) -> Any:
    if text[:1] not in "{[":
        return text
    try:
        return {"json": readable(json.loads(text))}
    except ValueError:
        return text


def secrets_in(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every secret in a value."""
    if isinstance(value, Secret):
        yield path
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from secrets_in(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from secrets_in(item, f"{path}[{index}]")
