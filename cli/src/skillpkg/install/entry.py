"""A log entry and what it binds together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skillpkg import canonical_json
from skillpkg.crypto import fields
from skillpkg.errors import ManifestInvalid
from skillpkg.types import SignerKind

SCHEMA = "skreg.entry/1"


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """The log's statement about one version's archive: it was published, or submitted.

    ``leaf`` is the sha256 of the signing leaf's DER; ``seq`` counts the package's entries from
    1 and ``previous`` is the log index of the one before.
    """

    registry: str
    package: str
    version: str
    sha256: str
    content_digest: str
    size: int
    signer: SignerKind
    leaf: str
    time: datetime
    seq: int
    previous: int | None


@dataclass(frozen=True, slots=True)
class SubmittedEntry:
    """The log's statement that a publisher's own signature over an archive was seen.

    ``signature`` is the sha256 of the signature's DER.
    """

    archive: ArchiveEntry
    signature: str


def parse_publish(text: str) -> ArchiveEntry:
    """Read a publish entry, verbatim as the log holds it.

    Raises:
        ValueError: not canonical JSON, of another type, or a field that breaks its rule.
    """
    return _archive(_typed(text, "publish"))


def parse_submitted(text: str) -> SubmittedEntry:
    """Read a submitted entry; errors as `parse_publish`."""
    value = _typed(text, "submitted")
    return SubmittedEntry(_archive(value), fields.digest(value, "signature"))


def _typed(text: str, kind: str) -> canonical_json.JsonObject:
    value = canonical_json.loads(text.encode("utf-8"))
    fields.schema(value, SCHEMA)
    if value.get("type") != kind:
        raise ValueError(f"type: expected {kind}")
    return value


def _archive(value: canonical_json.JsonObject) -> ArchiveEntry:
    entry = ArchiveEntry(
        registry=fields.text(value, "registry"),
        package=f"{fields.text(value, 'namespace')}/{fields.text(value, 'name')}",
        version=fields.text(value, "version"),
        sha256=fields.digest(value, "sha256"),
        content_digest=fields.digest(value, "content_digest"),
        size=fields.integer(value, "size", least=1),
        signer=_signer(value.get("signer")),
        leaf=fields.digest(value, "leaf"),
        time=fields.moment(value, "time"),
        seq=fields.integer(value, "seq", least=1),
        previous=fields.optional(fields.integer, value, "prev"),
    )
    if (entry.seq == 1) != (entry.previous is None):
        raise ValueError("seq and prev contradict each other")
    return entry


def _signer(value: canonical_json.JsonValue) -> SignerKind:
    try:
        return SignerKind.from_json(value)
    except ManifestInvalid as error:
        raise ValueError(f"signer: {error}") from error
