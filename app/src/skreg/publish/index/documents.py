"""Index documents: what one package offers, signed once for each change (PROTOCOL.md)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from skillpkg.canonical_json import JsonObject
from skillpkg.crypto.dsse import INDEX_TYPE
from skillpkg.crypto.encoding import format_time
from skillpkg.errors import SkillpkgError
from skillpkg.types import Namespace, PackageName, Sha256Digest, SignerKind
from skillpkg.version import Version
from skreg.errors import IndexInvalid
from skreg.publish.index.paths import RESERVED_NAMESPACES, document_key, newest_key
from skreg.publish.sign.leaf import SigningLeaf
from skreg.publish.writing import BlobObject

SCHEMA: Final = "skreg.index/1"


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """One version in an index document.

    Attributes:
        sha256, content_digest, release: hexadecimal SHA-256 of the archive, of its inner tar and
            of its ``.release``.
        size: of the archive, in bytes.
        dependencies: ``ns/name`` to an npm range.
        deprecated: the message that says so, or None.
    """

    version: str
    sha256: str
    content_digest: str
    size: int
    release: str
    signer: SignerKind
    published_at: datetime
    log_index: int
    state: Literal["published", "yanked", "withdrawn"] = "published"
    deprecated: str | None = None
    dependencies: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        """Return the version's part of the payload."""
        return {
            "version": Version.parse(self.version).text,
            "sha256": Sha256Digest.parse(self.sha256),
            "content_digest": Sha256Digest.parse(self.content_digest),
            "size": self.size,
            "release": Sha256Digest.parse(self.release),
            "signer": self.signer.to_json(),
            "dependencies": dict(self.dependencies),
            "state": self.state,
            "deprecated": self.deprecated,
            "published_at": format_time(self.published_at),
            "log_index": self.log_index,
        }


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """All that an index document says, before it is signed.

    Attributes:
        registry: the registry id.
        sequence: counts the package's signed documents, from 1.
        signer_class: of every version's signer; ``mixed`` when each version names its own.
        dist_tags: tag to version; every version named must be listed.
        advisories: OSV records, as they are served.
        moved_to: ``ns/name`` under which the package goes on, or None.
    """

    registry: str
    namespace: str
    name: str
    sequence: int
    signer_class: Literal["registry", "publisher", "mixed"]
    versions: tuple[IndexVersion, ...]
    dist_tags: Mapping[str, str] = field(default_factory=dict)
    advisories: tuple[JsonObject, ...] = ()
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A signed index document: keep ``data``, since signing again gives other bytes.

    Attributes:
        package: ``ns/name``.
        sha256: hexadecimal digest of ``data``, which the package's bin carries.
    """

    package: str
    sequence: int
    data: bytes
    sha256: str

    @classmethod
    def of(cls, package: str, sequence: int, data: bytes) -> SignedDocument:
        """Return the document whose bytes were kept from an earlier signing."""
        return cls(package, sequence, data, hashlib.sha256(data).hexdigest())

    def addressed(self) -> BlobObject:
        """Return the immutable object under its hash."""
        return BlobObject(document_key(self.package, self.sha256), self.data)

    def newest(self) -> BlobObject:
        """Return the object under the package's plain name."""
        return BlobObject(newest_key(self.package), self.data)


def payload_of(facts: PackageFacts, signed_at: datetime) -> JsonObject:
    """Return the payload of an index document, its versions in SemVer's order.

    Raises:
        IndexInvalid: a value that no reader would accept.
    """
    try:
        _check(facts)
        listed = [v.to_json() for v in sorted(facts.versions, key=_precedence)]
    except SkillpkgError as error:
        raise _invalid(facts, str(error)) from error
    moved: JsonObject = {} if facts.moved_to is None else {"moved_to": facts.moved_to}
    return moved | {
        "schema": SCHEMA,
        "registry": facts.registry,
        "namespace": facts.namespace,
        "name": facts.name,
        "sequence": facts.sequence,
        "signed_at": format_time(signed_at),
        "signer_class": facts.signer_class,
        "dist_tags": dict(facts.dist_tags),
        "versions": listed,
        "advisories": list(facts.advisories),
    }


def sign_document(facts: PackageFacts, leaf: SigningLeaf, signed_at: datetime) -> SignedDocument:
    """Build and sign one index document; blocks while the backend signs.

    Raises:
        IndexInvalid: a value that no reader would accept.
        SigningUnavailable, SignatureCorrupted: from the signer.
    """
    data = leaf.sign_document(INDEX_TYPE, payload_of(facts, signed_at))
    return SignedDocument.of(f"{facts.namespace}/{facts.name}", facts.sequence, data)


def _precedence(version: IndexVersion) -> Version:
    return Version.parse(version.version)


def _check(facts: PackageFacts) -> None:
    PackageName.parse(facts.name)
    if Namespace.parse(facts.namespace) in RESERVED_NAMESPACES:
        raise _invalid(facts, f"The namespace {facts.namespace!r} is a folder of the index itself.")
    listed = [version.version for version in facts.versions]
    if len(set(listed)) != len(listed):
        raise _invalid(facts, "A version is listed twice.")
    if unknown := sorted(set(facts.dist_tags.values()) - set(listed)):
        raise _invalid(facts, f"A tag points at {unknown[0]!r}, which is not listed.")
    if facts.sequence < 1:
        raise _invalid(facts, f"The sequence {facts.sequence} is not counted from 1.")


def _invalid(facts: PackageFacts, why: str) -> IndexInvalid:
    return IndexInvalid(
        f"The index document of {facts.namespace}/{facts.name} cannot be built.",
        why=why,
        fix="The document before it stays published. Mend the package's rows.",
    )
