"""Builds log entries: canonical JSON (RFC 8785) that says one thing that changed trust.

An entry is public for ever, so it carries identifiers and digests only: no reasons, no names of
people, nothing that a takedown might have to remove. Source: PROTOCOL.md and TRUST.md, Log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonValue
from skillpkg.crypto.encoding import format_time
from skillpkg.errors import SkillpkgError
from skillpkg.types import Namespace, PackageName, Sha256Digest, SignerKind
from skillpkg.version import Version
from skreg.errors import EntryInvalid

Fields: TypeAlias = dict[str, JsonValue]
SCHEMA: Final = "skreg.entry/1"


@dataclass(frozen=True, slots=True)
class PackageEvent:
    """What every entry about one package says.

    Attributes:
        registry: the registry id, 16 hexadecimal digits.
        seq: the package's own count of entries, from 1.
        prev: log index of the package's entry before this one; None exactly when ``seq`` is 1.
        time: when the sequencer stamped the entry (see ``stamp``).
    """

    registry: str
    namespace: str
    name: str
    seq: int
    prev: int | None
    time: datetime


@dataclass(frozen=True, slots=True)
class SignedArchive:
    """The bytes that a publish entry binds.

    Attributes:
        sha256, content_digest: hexadecimal digests of the archive and of its inner tar.
        size: of the archive, in bytes.
        leaf: hexadecimal SHA-256 of the signing leaf's DER.
    """

    version: str
    sha256: str
    content_digest: str
    size: int
    signer: SignerKind
    leaf: str


def stamp(now: datetime, last: datetime | None) -> datetime:
    """Return the time of the next entry: now, but never before the entry that precedes it."""
    return now if last is None else max(now, last)


def publish(event: PackageEvent, archive: SignedArchive) -> bytes:
    """A version was accepted and signed.

    This builder and those below return the entry's bytes.

    Raises:
        EntryInvalid: a value that no reader would accept. Every field is bounded, so an entry is
            far below the 65,535 bytes that a bundle can hold.
    """
    return _package("publish", event, _archive_fields(archive))


def submitted(event: PackageEvent, archive: SignedArchive, signature_sha256: str) -> bytes:
    """A publisher's own signature was seen; its trusted time when the review takes long."""
    fields = _archive_fields(archive) | {"signature": _digest("signature", signature_sha256)}
    return _package("submitted", event, fields)


def yank(event: PackageEvent, version: str, sha256: str) -> bytes:
    """A version was hidden from fresh resolution."""
    return _package("yank", event, _version_fields(version, sha256))


def unyank(event: PackageEvent, version: str, sha256: str) -> bytes:
    """A yanked version is offered again."""
    return _package("unyank", event, _version_fields(version, sha256))


def withdraw(event: PackageEvent, version: str, sha256: str) -> bytes:
    """A version's archive was taken down."""
    return _package("withdraw", event, _version_fields(version, sha256))


def transfer(event: PackageEvent, to_namespace: str, to_name: str) -> bytes:
    """The package goes on in another namespace, under another name, or both."""
    fields: Fields = {
        "to": _checked("to", Namespace.parse, to_namespace),
        "to_name": _checked("to_name", PackageName.parse, to_name),
    }
    return _package("transfer", event, fields)


def about_trust(registry: str, time: datetime, body: Mapping[str, JsonValue]) -> bytes:
    """Something changed in whom to trust: a certificate, a CRL, the trust bundle.

    Args:
        body: ``type`` and exactly its fields, as ``skreg.pki`` hands them over: ``cert-issued``
            (ca, sha256 of the DER, serial), ``cert-revoked`` (ca, serial, reason), ``crl`` (ca,
            number, sha256) or ``trust-change`` (version, sha256).
    """
    kind = body.get("type")
    known = _TRUST_FIELDS.get(str(kind))
    if known is None or body.keys() != {"type", *known}:
        raise _invalid("type", f"{str(kind)[:40]!a} with fields {sorted(body)} is no such entry")
    return _entry(str(kind), registry, time, {key: known[key](key, body[key]) for key in known})


def _archive_fields(archive: SignedArchive) -> Fields:
    return {
        **_version_fields(archive.version, archive.sha256),
        "content_digest": _digest("content_digest", archive.content_digest),
        "size": _FROM_ONE("size", archive.size),
        "signer": archive.signer.to_json(),
        "leaf": _digest("leaf", archive.leaf),
    }


def _version_fields(version: str, sha256: str) -> Fields:
    return {
        "version": _checked("version", Version.parse, version),
        "sha256": _digest("sha256", sha256),
    }


def _package(kind: str, event: PackageEvent, fields: Fields) -> bytes:
    seq = _FROM_ONE("seq", event.seq)
    if (event.prev is None) != (seq == 1):
        raise _invalid("prev", f"seq {seq} with prev {event.prev}: the first alone has none")
    about: Fields = {
        "namespace": _checked("namespace", Namespace.parse, event.namespace),
        "name": _checked("name", PackageName.parse, event.name),
        "seq": seq,
        "prev": None if event.prev is None else _FROM_ZERO("prev", event.prev),
    }
    return _entry(kind, event.registry, event.time, about | fields)


def _entry(kind: str, registry: str, time: datetime, fields: Fields) -> bytes:
    head: Fields = {"schema": SCHEMA, "type": kind, "registry": _ID("registry", registry)}
    if time.tzinfo is None:
        raise _invalid("time", "it has no time zone")
    return canonical_json.dumps(head | {"time": format_time(time)} | fields)


def _digest(field: str, value: JsonValue) -> str:
    return _checked(field, Sha256Digest.parse, str(value))


def _matching(pattern: str) -> Callable[[str, JsonValue], str]:
    """Return a check that takes a string of this form alone."""
    form = re.compile(pattern, re.ASCII)

    def check(field: str, value: JsonValue) -> str:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise _invalid(field, f"{str(value)[:80]!a} does not match {pattern}")
        return value

    return check


def _counted_from(least: int) -> Callable[[str, JsonValue], int]:
    """Return a check that takes whole numbers from ``least`` that JSON carries exactly."""

    def check(field: str, value: JsonValue) -> int:
        if type(value) is not int or not least <= value < 2**53:
            raise _invalid(field, f"{value!r:.80} is no number between {least} and 2**53 - 1")
        return value

    return check


def _checked(field: str, parse: Callable[[str], object], text: str) -> str:
    try:
        return str(parse(text))
    except SkillpkgError as error:
        raise _invalid(field, error.what.rstrip(".")) from error


def _invalid(field: str, why: str) -> EntryInvalid:
    return EntryInvalid(
        "A log entry cannot be written.",
        why=f"{field}: {why}.",
        fix="Nothing was logged. The row that this entry speaks of is damaged; compare it with "
        "the version it belongs to.",
    )


_ID: Final = _matching("[0-9a-f]{16}")
_FROM_ZERO: Final = _counted_from(0)
_FROM_ONE: Final = _counted_from(1)
_SERIAL: Final = _matching("[0-9a-f]{1,40}")
_TRUST_FIELDS: Final[dict[str, dict[str, Callable[[str, JsonValue], JsonValue]]]] = {
    "cert-issued": {"ca": _ID, "sha256": _digest, "serial": _SERIAL},
    "cert-revoked": {"ca": _ID, "serial": _SERIAL, "reason": _matching("[A-Za-z_]{1,32}")},
    "crl": {"ca": _ID, "number": _FROM_ZERO, "sha256": _digest},
    "trust-change": {"version": _FROM_ONE, "sha256": _digest},
}
