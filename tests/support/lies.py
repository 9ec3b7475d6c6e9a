"""Registries and networks that lie in one place: how an attack is written and kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from skillpkg.crypto import dsse
from skillpkg.errors import Check
from support.static_registry import Ref, StaticRegistry

REF = Ref("acme", "deploy")
Attack = Callable[[StaticRegistry], object]
ATTACKS: dict[str, tuple[Check, Attack]] = {}


def attack(check: Check) -> Callable[[Attack], Attack]:
    """Register an attack on a registry with acme/deploy 1.0.0 and 1.1.0, built and good."""

    def add(run: Attack) -> Attack:
        ATTACKS[f"{check}: {run.__name__}"] = (check, run)
        return run

    return add


def hook(registry: StaticRegistry, kind: str, change: Callable[[Any], Any]) -> None:
    """Let the registry itself lie in one kind of document, and sign it all again."""

    def apply(document: Any) -> Any:
        copy = json.loads(json.dumps(document))
        return change(copy) or copy

    registry.hooks[kind] = apply
    registry.build()


def fresh(registry: StaticRegistry, kind: str, change: Callable[[Any], Any], **more: Any) -> None:
    """Publish acme/deploy anew under a hook for entry or release."""

    def apply(document: Any) -> Any:
        copy = json.loads(json.dumps(document))
        return change(copy) or copy

    registry.hooks[kind] = apply
    republish(registry, **more)


def republish(registry: StaticRegistry, **more: Any) -> None:
    registry.packages.clear()
    registry.log.entries.clear()
    registry.files.clear()
    registry.publish("acme", "deploy", "1.0.0", **more).build()


def find(registry: StaticRegistry, part: str, end: str = "") -> str:
    return next(path for path in registry.files if part in path and path.endswith(end))


def envelope(registry: StaticRegistry, path: str) -> dsse.Envelope:
    return dsse.parse(registry.files[path])


def edit_versions(registry: StaticRegistry, **changes: Any) -> None:
    hook(registry, "index", lambda d: d["versions"][0].update(changes))
