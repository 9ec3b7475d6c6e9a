"""The stand-in cloud: what exists, one file each in a folder that outlives the provider's process.

A test reads it, changes it behind the engine's back, and writes ``faults.json`` to make it fail.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from support.engine_rules import IN_USE, ONLY_NAMES, UNIQUE


class Refused(Exception):
    """The cloud does not do it, and says why."""


@dataclass(slots=True)
class Thing:
    """One resource of the cloud."""

    kind: str
    name: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any] = field(default_factory=dict)


class Unfinished(Refused):
    """It was made, but did not become what it should; ``made`` is what there is."""

    def __init__(self, why: str, made: Thing) -> None:
        super().__init__(why)
        self.made = made


class Cloud:
    """An account. ``ended`` are the things that are gone, with what was left of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        (folder / "things").mkdir(parents=True, exist_ok=True)
        self._things = {(one.kind, one.id): one for one in self.things()}

    def things(self) -> Iterator[Thing]:
        """Yield what exists."""
        for path in sorted((self._folder / "things").glob("*.json")):
            yield Thing(**json.loads(path.read_text(encoding="utf-8")))

    def one(self, kind: str, name: str) -> Thing:
        """Return the one thing of this kind, for example ``Bucket``, and logical name."""
        found = [one for one in self.things() if one.kind.endswith(f":{kind}") and one.name == name]
        assert len(found) == 1, (kind, name, [one.id for one in found])
        return found[0]

    def fail(self, **faults: str) -> None:
        """Refuse to make the resources of these names (``-`` as ``_``) from now on."""
        content = {name.replace("_", "-"): reason for name, reason in faults.items()}
        (self._folder / "faults.json").write_text(json.dumps(content), encoding="utf-8")

    def ended(self) -> list[dict[str, Any]]:
        """Return what was deleted, in order."""
        path = self._folder / "ended.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def keep(self, one: Thing) -> None:
        """Write a thing down; also how a test changes it behind the engine's back."""
        self._things[one.kind, one.id] = one
        self._path(one.kind, one.id).write_text(json.dumps(asdict(one)), encoding="utf-8")

    def create(
        self,
        kind: str,
        name: str,
        identity: str,
        inputs: dict[str, Any],
        answer: Callable[[str], dict[str, Any]],
    ) -> Thing:
        """Make a thing; ``answer`` says what AWS adds once its id is known.

        Raises:
            Refused: the name is taken, or a test wants it refused.
            Unfinished: it exists now, but a test wants it broken.
        """
        with self._lock:
            reason = self._faults().get(name)
            if reason and not reason.startswith("unfinished"):
                raise Refused(reason)
            if (kind, identity) in self._things:
                if kind in UNIQUE:
                    raise Refused(f"AlreadyExists: there is a {kind} named {identity}")
                identity = f"{identity}-{len(self._things)}"
            made = Thing(kind, name, identity, inputs, {**answer(identity), **inputs})
            self.keep(made)
            if reason:
                raise Unfinished(reason, made)
            return made

    def read(self, kind: str, identity: str) -> Thing | None:
        """Return a thing, ``None`` when it is gone."""
        return self._things.get((kind, identity))

    def update(
        self, kind: str, identity: str, inputs: dict[str, Any], state: dict[str, Any]
    ) -> None:
        """Change a thing."""
        with self._lock:
            one = self._things[kind, identity]
            reason = self._faults().get(one.name)
            if reason:
                raise Refused(reason)
            self.keep(Thing(kind, one.name, identity, inputs, state))

    def delete(self, kind: str, identity: str) -> None:
        """End a thing.

        Raises:
            Refused: it is guarded, in use, or holds what it may not lose.
        """
        with self._lock:
            one = self._things.get((kind, identity))
            if one is None:
                return
            self._may_end(one)
            self._path(kind, identity).unlink()
            del self._things[kind, identity]
            with (self._folder / "ended.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one)) + "\n")

    def _may_end(self, one: Thing) -> None:
        guard = _guard(one)
        if guard:
            raise Refused(f"{one.name}: {guard}")
        holder = next(self._holders(one), None) if one.kind in IN_USE else None
        if holder is not None:
            raise Refused(f"DependencyViolation: {one.name} is in use by {holder.name}")

    def _holders(self, one: Thing) -> Iterator[Thing]:
        marks = {one.id, one.state.get("arn"), one.state.get("keyId")} - {None, ""}
        for other in self._things.values():
            if other is not one and other.kind not in ONLY_NAMES and _names(other.inputs, marks):
                yield other

    def _faults(self) -> dict[str, str]:
        path = self._folder / "faults.json"
        found: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return found

    def _path(self, kind: str, identity: str) -> Path:
        mark = hashlib.sha256(f"{kind} {identity}".encode()).hexdigest()
        return self._folder / "things" / f"{mark}.json"


def _guard(one: Thing) -> str | None:
    """Return why AWS does not delete this, by the flags that it was given."""
    flags: Mapping[str, Any] = one.inputs
    kind = one.kind.rpartition(":")[2]
    if kind == "Instance":
        if flags.get("deletionProtection"):
            return "InvalidParameterCombination: Cannot delete protected DB Instance"
        if not flags.get("skipFinalSnapshot") and not flags.get("finalSnapshotIdentifier"):
            return "final_snapshot_identifier is required when skip_final_snapshot is false"
    if kind == "LoadBalancer" and flags.get("enableDeletionProtection"):
        return "OperationNotPermitted: deletion protection is enabled"
    if kind == "Bucket" and not flags.get("forceDestroy"):
        return "BucketNotEmpty: The bucket you tried to delete is not empty"
    if kind == "Repository" and not flags.get("forceDelete"):
        return "RepositoryNotEmptyException: it holds images"
    return None


def _names(value: Any, marks: set[Any]) -> bool:
    if isinstance(value, Mapping):
        return any(_names(item, marks) for item in value.values())
    if isinstance(value, list):
        return any(_names(item, marks) for item in value)
    return value in marks if isinstance(value, str) else False
