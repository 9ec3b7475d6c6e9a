"""What the store's ``index.json`` remembers of each installed version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.errors import ManifestInvalid
from skillpkg.types import Namespace, PackageName, Sha256Digest, SignerKind
from skillpkg.version import Version

_TEXTS = ("namespace", "name", "version", "registry", "sha256", "path", "installed_at")


@dataclass(frozen=True, slots=True)
class InstalledPackage:
    """One version in the store.

    Attributes:
        registry: the registry's id (16 hexadecimal digits): it outlives any URL.
        sha256: of the archive that was verified.
        log_index: the version's place in the registry's log.
        path: the folder that holds the files.
        installed_at: RFC 3339, UTC, whole seconds.
        requested: True when a person asked for it, False when only a dependency did.
    """

    namespace: Namespace
    name: PackageName
    version: Version
    registry: str
    sha256: Sha256Digest
    signer: SignerKind
    log_index: int
    path: Path
    installed_at: str
    requested: bool = True

    @property
    def package(self) -> str:
        """``ns/name``."""
        return f"{self.namespace}/{self.name}"

    def to_json(self) -> JsonObject:
        """Return the form that ``index.json`` holds."""
        return {
            "namespace": self.namespace,
            "name": self.name,
            "version": self.version.text,
            "registry": self.registry,
            "sha256": self.sha256,
            "signer": self.signer.to_json(),
            "log_index": self.log_index,
            "path": str(self.path),
            "installed_at": self.installed_at,
            "requested": self.requested,
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> InstalledPackage:
        """Read what ``to_json`` wrote.

        Raises:
            ManifestInvalid: a key is missing or has another type; ``field`` says which.
            NameInvalid, VersionInvalid: the identity breaks a rule.
        """
        if not isinstance(value, Mapping):
            raise ManifestInvalid("installed", "An installed package is a JSON object.")
        text = {key: _text(value, key) for key in _TEXTS}
        log_index, requested = value.get("log_index"), value.get("requested")
        if type(log_index) is not int or log_index < 0:
            raise ManifestInvalid("log_index", "log_index is missing or not a whole number.")
        if not isinstance(requested, bool):
            raise ManifestInvalid("requested", "requested is missing or neither true nor false.")
        return cls(
            Namespace(text["namespace"]),
            PackageName(text["name"]),
            Version.parse(text["version"]),
            text["registry"],
            Sha256Digest(text["sha256"]),
            SignerKind.from_json(value.get("signer")),
            log_index,
            Path(text["path"]),
            text["installed_at"],
            requested,
        )


def _text(value: Mapping[str, JsonValue], key: str) -> str:
    found = value.get(key)
    if not isinstance(found, str):
        raise ManifestInvalid(key, f"{key} is missing or not text.")
    return found
