"""What a rule is, and the resource as a rule sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class Unknown(str):
    """A value that nobody knows before the thing is made: there, but nothing can be said of it."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that is going to be made: from an inventory, or from an engine's preview."""

    type: str
    name: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """A resource that a rule refuses, and why."""

    rule: str
    resource: str
    why: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.why} ({self.rule})"


Found = Iterator[tuple[Resource, str]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that every stack keeps to. ``twins`` are the ids of checkov's same rules."""

    name: str
    description: str
    check: Callable[[Sequence[Resource]], Found]
    twins: tuple[str, ...] = ()

    def findings(self, resources: Sequence[Resource]) -> list[Finding]:
        """Return what the rule refuses among these resources."""
        return [Finding(self.name, one.name, why) for one, why in self.check(resources)]


def of_type(resources: Iterable[Resource], *types: str) -> Iterator[Resource]:
    """Yield the resources of these types."""
    return (one for one in resources if one.type in types)


def parsed(value: Any) -> Any:
    """Return a JSON text's content; inventories keep it under ``json``, engines as the text.

    Nothing is in a text that is not known yet.
    """
    if isinstance(value, Unknown):
        return []
    if isinstance(value, str):
        return json.loads(value)
    if isinstance(value, Mapping) and set(value) == {"json"}:
        return value["json"]
    return value


def statements(one: Resource) -> list[dict[str, Any]]:
    """Return the statements of a resource's policy; none of one that is not known yet."""
    policy = parsed(one.inputs["policy"])
    return list(policy["Statement"]) if policy else []


def without(one: Resource, expected: Mapping[str, Any]) -> Iterator[tuple[Resource, str]]:
    """Yield the resource for each input that is not as expected."""
    for key, value in expected.items():
        found = one.inputs.get(key)
        if found != value and not isinstance(found, Unknown):
            yield one, f"{key} is {one.inputs.get(key)!r}, not {value!r}"
