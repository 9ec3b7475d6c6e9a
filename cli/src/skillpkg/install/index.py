"""A package's index document: every version, as the registry signed it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import chain, dsse, fields
from skillpkg.crypto.trust import TrustBundle
from skillpkg.errors import Check, ManifestInvalid, NotFound
from skillpkg.install.bins import Located
from skillpkg.install.modes import Mode, refusal
from skillpkg.install.timestamp import registry_chain
from skillpkg.types import SignerKind

SCHEMA = "skreg.index/1"
MAX_VERSIONS = 20_000
STATES = ("published", "yanked", "withdrawn")
SIGNER_CLASSES = ("registry", "publisher", "mixed")
_PACKAGE = re.compile(r"[a-z0-9-]{1,64}/[a-z0-9-]{1,64}", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,128}", re.ASCII)


class Package(Protocol):
    """Anything that names a package; `skillpkg.package_ref.PackageRef` does."""

    @property
    def namespace(self) -> str:
        """The namespace."""
        ...

    @property
    def name(self) -> str:
        """The name inside it."""
        ...


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """One version: ``release`` is the sha256 of its release record, ``size`` is in bytes."""

    version: str
    sha256: str
    content_digest: str
    size: int
    release: str
    signer: SignerKind
    dependencies: Mapping[str, str]
    state: str
    deprecated: str | None
    published_at: datetime
    log_index: int


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """A verified index document.

    ``mode`` is how its dates were judged: from an index opened in exact mode only a release
    whose sha256 was known before may be taken. ``warnings`` are sentences for the user.
    ``signer_class`` is the class of every version's signer; ``mixed`` where each names its own.
    ``moved_to`` is the ``ns/name`` under which the package goes on, by its owners' word.
    """

    namespace: str
    name: str
    sequence: int
    signed_at: datetime
    signer_class: str
    dist_tags: Mapping[str, str]
    versions: Mapping[str, IndexVersion]
    advisories: tuple[JsonObject, ...]
    chain: chain.VerifiedChain
    mode: Mode = Mode.RESOLVE
    warnings: tuple[str, ...] = ()
    moved_to: str | None = None

    @property
    def package(self) -> str:
        """``ns/name``."""
        return f"{self.namespace}/{self.name}"

    def signer_of(self, version: IndexVersion) -> str:
        """Return the class that must have signed a version: ``registry`` or ``publisher``."""
        return version.signer.kind if self.signer_class == "mixed" else self.signer_class

    def find(self, version: str) -> IndexVersion:
        """Return a version; NotFound when the registry never had it or took it down."""
        found = self.versions.get(version)
        if found is None:
            raise NotFound(
                f"{self.package} has no version {version}.",
                fix=f"See what there is: skillpkg info {self.package}",
            )
        if found.state == "withdrawn":
            raise NotFound(
                f"{self.package}@{version} was withdrawn by the registry.",
                why="Its archive was taken down; index and log still name it.",
                fix=f"Choose another version: skillpkg info {self.package}",
            )
        return found


def open_index(data: bytes, located: Located, trust: TrustBundle) -> PackageIndex:
    """Return the document whose hash was promised, judged at its ``signed_at``.

    A passed certificate is no matter: a timestamp that holds commits to these bytes.

    Raises:
        VerificationRefused: index-signature, index-chain or index-identity.
    """
    try:
        envelope = dsse.parse(data)
        if envelope.payload_type != dsse.INDEX_TYPE:
            raise ValueError(f"payloadType: found {envelope.payload_type[:60]!r}")
        value = canonical_json.loads(envelope.payload)
        signed_at = fields.moment(value, "signed_at")
        signer = registry_chain(envelope, trust, signed_at, Check.INDEX_CHAIN)
        index, registry = _parse(value, signer), fields.text(value, "registry")
    except (ValueError, ManifestInvalid) as error:
        what = f"The index of {located.package} cannot be read."
        raise refusal(Check.INDEX_SIGNATURE, what, str(error)) from error
    if not dsse.verify_signature(envelope, 0, signer.leaf_key):
        what = f"The signature of the index of {located.package} is bad."
        raise refusal(Check.INDEX_SIGNATURE, what)
    _require_identity(index, registry, located, trust)
    return index


def _require_identity(
    index: PackageIndex, registry: str, located: Located, trust: TrustBundle
) -> None:
    found = (registry, index.package, index.sequence)
    wanted = (trust.registry_id, located.package, located.sequence)
    if found != wanted:
        raise refusal(
            Check.INDEX_IDENTITY,
            f"The index of {located.package} is of something else.",
            f"It says {found}, and {wanted} was promised.",
        )


def _parse(value: JsonObject, signer: chain.VerifiedChain) -> PackageIndex:
    fields.schema(value, SCHEMA)
    versions = [_version(one) for one in fields.objects(value, "versions", most=MAX_VERSIONS)]
    found = {one.version: one for one in versions}
    if len(found) != len(versions):
        raise ValueError("versions: one stands twice")
    tags = fields.string_map(value, "dist_tags")
    if missing := set(tags.values()) - set(found):
        raise ValueError(f"dist_tags: {sorted(missing)[0][:60]!r} is no version")
    return PackageIndex(
        namespace=fields.text(value, "namespace"),
        name=fields.text(value, "name"),
        sequence=fields.integer(value, "sequence", least=1),
        signed_at=fields.moment(value, "signed_at"),
        signer_class=_one_of(fields.text(value, "signer_class"), SIGNER_CLASSES),
        dist_tags=tags,
        versions=found,
        advisories=tuple(fields.objects(value, "advisories", most=MAX_VERSIONS)),
        chain=signer,
        moved_to=_moved_to(value),
    )


def _moved_to(value: JsonObject) -> str | None:
    """Return ``ns/name``; a registry that knows no moves leaves the key out."""
    found = fields.optional(fields.text, value, "moved_to")
    if found is not None and _PACKAGE.fullmatch(found) is None:
        raise ValueError(f"moved_to: {found[:60]!r}")
    return found


def _version(value: JsonObject) -> IndexVersion:
    version = fields.text(value, "version")
    if _VERSION.fullmatch(version) is None:
        raise ValueError(f"version: {version[:60]!r}")
    return IndexVersion(
        version=version,
        sha256=fields.digest(value, "sha256"),
        content_digest=fields.digest(value, "content_digest"),
        size=fields.integer(value, "size", least=1),
        release=fields.digest(value, "release"),
        signer=SignerKind.from_json(value.get("signer")),
        dependencies=fields.string_map(value, "dependencies"),
        state=_one_of(fields.text(value, "state"), STATES),
        deprecated=fields.optional(fields.text, value, "deprecated"),
        published_at=fields.moment(value, "published_at"),
        log_index=fields.integer(value, "log_index"),
    )


def _one_of(found: str, known: tuple[str, ...]) -> str:
    if found not in known:
        raise ValueError(f"expected one of {', '.join(known)}, found {found[:60]!r}")
    return found
