"""``index.json``: what a store holds and where agents see it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.client.files import read_if_present
from skillpkg.errors import InstallFailed, SkillpkgError
from skillpkg.installed import InstalledPackage

SCHEMA = "skreg.installed/1"
_TEXTS = ("package", "version", "target", "path", "kind")


@dataclass(frozen=True, slots=True)
class Placement:
    """One package shown to one agent.

    Attributes:
        package: ``ns/name``.  target: the agent's id.  kind: ``link`` or ``copy``.
    """

    package: str
    version: str
    target: str
    path: Path
    kind: str

    def to_json(self) -> JsonObject:
        """Return the form that ``index.json`` holds."""
        return {
            "package": self.package,
            "version": self.version,
            "target": self.target,
            "path": str(self.path),
            "kind": self.kind,
        }


@dataclass(frozen=True, slots=True)
class StoreIndex:
    """The whole file."""

    packages: tuple[InstalledPackage, ...] = ()
    placements: tuple[Placement, ...] = ()

    def placements_of(self, package: InstalledPackage) -> list[Placement]:
        """Return where agents see one version."""
        key = (package.package, package.version.text)
        return [one for one in self.placements if (one.package, one.version) == key]

    def find(self, package: str, version: str | None = None) -> list[InstalledPackage]:
        """Return what is installed of ``ns/name``, newest last."""
        found = [p for p in self.packages if p.package == package]
        wanted = [p for p in found if version is None or p.version.text == version]
        return sorted(wanted, key=lambda p: p.version)


def read_index(path: Path) -> StoreIndex:
    """Read ``index.json``; an absent file is an empty store.

    Raises:
        InstallFailed: it is damaged.
    """
    data = read_if_present(path)
    if data is None:
        return StoreIndex()
    try:
        document = json.loads(data)
        if document["schema"] != SCHEMA:
            raise ValueError(f"its schema is {str(document['schema'])[:40]!a}")
        return StoreIndex(
            tuple(InstalledPackage.from_json(one) for one in document["packages"]),
            tuple(_placement(one) for one in document["placements"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, SkillpkgError) as error:
        raise InstallFailed(
            f"{path} cannot be read.",
            why=str(error),
            fix="Restore it, or remove it and install again.",
        ) from error


def dump_index(index: StoreIndex) -> bytes:
    """Return the bytes of ``index.json``, in a stable order."""
    packages = sorted(index.packages, key=lambda p: (p.package, p.version))
    placements = sorted(index.placements, key=lambda p: (p.package, str(p.path)))
    document = {
        "schema": SCHEMA,
        "packages": [one.to_json() for one in packages],
        "placements": [one.to_json() for one in placements],
    }
    return json.dumps(document, indent=1).encode()


def _placement(value: JsonValue) -> Placement:
    if not isinstance(value, dict):
        raise TypeError("a placement is a JSON object")
    texts = [value.get(key) for key in _TEXTS]
    package, version, target, path, kind = (str(text) for text in texts)
    if not all(isinstance(text, str) for text in texts) or kind not in ("link", "copy"):
        raise TypeError("a placement holds five texts")
    return Placement(package, version, target, Path(path), kind)
