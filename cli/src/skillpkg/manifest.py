"""The manifest: what a package is called, says of itself, needs and holds (PROTOCOL.md, Package).

``manifest.json`` inside an archive binds identity and every other file. The registry's record is
the same document with the archive's own sha256, its signer and certificate chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.errors import ManifestInvalid
from skillpkg.manifest_fields import (
    read_dependencies,
    read_description,
    read_files,
    read_license,
    read_plain,
    read_requires,
    read_slug,
    read_tags,
)
from skillpkg.types import Namespace, PackageName, Sha256Digest, SignerKind
from skillpkg.version import Version

SCHEMA = "skreg.manifest/1"
DEFAULT_CATEGORY = "other"
MAX_MANIFEST_BYTES = 1024 * 1024
MAX_CHAIN_LENGTH = 64 * 1024
_KEYS = frozenset(
    {"schema", "namespace", "name", "version", "description", "category", "license"}
    | {"tags", "dependencies", "requires", "files"}
)
_RECORD_KEYS = ("sha256", "signer", "cert_chain_pem")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a package: its path with ``/``, its size in bytes and its digest."""

    path: str
    size: int
    sha256: Sha256Digest


@dataclass(frozen=True, slots=True)
class Requires:
    """What a skill needs of the machine and agent that run it.

    Attributes:
        env: environment variables.
        bins: programs on PATH.
        hosts: network hosts, ``*.`` and a port allowed.
        tools: the agent's tools, as it names them.
    """

    env: tuple[str, ...] = ()
    bins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """Return all four lists, empty ones too."""
        return {
            "env": list(self.env),
            "bins": list(self.bins),
            "hosts": list(self.hosts),
            "tools": list(self.tools),
        }


@dataclass(frozen=True, slots=True)
class Manifest:
    """A validated manifest.

    Attributes:
        description: trimmed, 20 to 1,024 characters.
        license: as the author wrote it (an SPDX expression or a sentence), or None.
        dependencies: ``ns/name`` to an npm range.
        files: every file but ``manifest.json``, sorted by path.
        sha256: of the archive; with ``signer`` and ``cert_chain_pem`` (leaf first) only in the
            registry's record.
    """

    namespace: Namespace
    name: PackageName
    version: Version
    description: str
    category: str = DEFAULT_CATEGORY
    license: str | None = None
    tags: tuple[str, ...] = ()
    dependencies: Mapping[str, str] = field(default_factory=dict)
    requires: Requires = field(default_factory=Requires)
    files: tuple[FileEntry, ...] = ()
    sha256: Sha256Digest | None = None
    signer: SignerKind | None = None
    cert_chain_pem: str | None = None

    @property
    def package(self) -> str:
        """``ns/name``."""
        return f"{self.namespace}/{self.name}"

    def to_json(self) -> JsonObject:
        """Return the manifest; the keys of the record form only when they are set."""
        document: JsonObject = {
            "schema": SCHEMA,
            "namespace": self.namespace,
            "name": self.name,
            "version": self.version.text,
            "description": self.description,
            "category": self.category,
            "license": self.license,
            "tags": list(self.tags),
            "dependencies": dict(self.dependencies),
            "requires": self.requires.to_json(),
            "files": [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in self.files],
        }
        return document | self._record_json()

    def _record_json(self) -> JsonObject:
        record: JsonObject = {}
        if self.sha256 is not None:
            record["sha256"] = self.sha256
        if self.signer is not None:
            record["signer"] = self.signer.to_json()
        if self.cert_chain_pem is not None:
            record["cert_chain_pem"] = self.cert_chain_pem
        return record

    def to_bytes(self) -> bytes:
        """Return the canonical JSON (RFC 8785) of ``to_json``."""
        return canonical_json.dumps(self.to_json())

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read ``manifest.json`` as it lies in an archive.

        Raises:
            ManifestInvalid: not canonical JSON, over 1 MiB, a key missing or unknown (the keys of
                the record form included), or a value outside its rule; ``field`` says which.
            NameInvalid, VersionInvalid: the identity breaks a rule.
        """
        if len(data) > MAX_MANIFEST_BYTES:
            raise ManifestInvalid("", "The manifest is over 1 MiB.", why=f"got: {len(data)}")
        try:
            document = canonical_json.loads(data)
        except ValueError as error:
            raise ManifestInvalid("", "The manifest cannot be read.", why=str(error)) from error
        return _read(document, record=False)

    @classmethod
    def from_record(cls, document: JsonObject) -> Manifest:
        """Read the record form that the registry serves.

        Raises:
            As ``from_bytes``; ``sha256`` and ``cert_chain_pem`` may stand in it.
        """
        return _read(document, record=True)


def _read(document: JsonObject, *, record: bool) -> Manifest:
    _check_keys(document, record=record)
    if document["schema"] != SCHEMA:
        raise ManifestInvalid(
            "schema",
            f"This client reads {SCHEMA}, not {str(document['schema'])[:80]!a}.",
            fix="Update skillpkg.",
        )
    license_text = document["license"]
    digest, signer, chain = (document.get(key) for key in _RECORD_KEYS)
    return Manifest(
        namespace=Namespace(read_plain("namespace", document["namespace"], 64)),
        name=PackageName(read_plain("name", document["name"], 64)),
        version=Version.parse(read_plain("version", document["version"], 128)),
        description=read_description(document["description"]),
        category=read_slug("category", document["category"]),
        license=None if license_text is None else read_license(license_text),
        tags=read_tags(document["tags"]),
        dependencies=read_dependencies(document["dependencies"]),
        requires=Requires(**read_requires(document["requires"])),
        files=tuple(FileEntry(*entry) for entry in read_files(document["files"])),
        sha256=None if digest is None else Sha256Digest(read_plain("sha256", digest, 64)),
        signer=None if signer is None else SignerKind.from_json(signer),
        cert_chain_pem=None if chain is None else _read_chain(chain),
    )


def _check_keys(document: JsonObject, *, record: bool) -> None:
    for key in sorted(_KEYS - document.keys()):
        raise ManifestInvalid(key, f"The manifest has no {key!r}.")
    for key in sorted(document.keys() - _KEYS - set(_RECORD_KEYS if record else ())):
        raise ManifestInvalid(key, f"The manifest has an unknown key {key[:80]!a}.")


def _read_chain(value: JsonValue) -> str:
    if not isinstance(value, str) or len(value) > MAX_CHAIN_LENGTH:
        raise ManifestInvalid("cert_chain_pem", "The certificate chain is not text or too long.")
    return value
