"""Domain types: names, digests and who signed (PROTOCOL.md, Names)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.errors import ManifestInvalid, NameInvalid

MAX_NAME_LENGTH = 64
_NAME = re.compile(r"[a-z0-9-]+")
_LOOK_ALIKE = str.maketrans({"-": "", ".": "", "_": "", "l": "1", "i": "1", "o": "0"})
_HEX64 = re.compile(r"[0-9a-f]{64}")
_SERIAL = re.compile(r"[0-9a-f]{1,40}")


class _Name(str):
    """A validated name; it is a plain string to everything that writes it."""

    __slots__ = ()
    kind: ClassVar[str] = "name"

    def __new__(cls, text: str) -> Self:
        """Validate ``text``; see ``parse``."""
        _check_characters(cls.kind, text)
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name that exists already.

        Raises:
            NameInvalid: rule ``empty``, ``too-long`` (with max and got) or ``invalid-characters``.
        """
        return cls(text)

    @classmethod
    def parse_new(cls, text: str) -> Self:
        """Read a name to be created: hyphens at an edge or in pairs are refused as well.

        Raises:
            NameInvalid: as ``parse``, and ``edge-hyphen`` or ``double-hyphen``.
        """
        name = cls(text)
        _check_hyphens(cls.kind, name)
        return name


class Namespace(_Name):
    """The part before the slash: a person, an organisation or a team."""

    __slots__ = ()
    kind = "namespace"


class PackageName(_Name):
    """The part after the slash, unique inside its namespace."""

    __slots__ = ()
    kind = "package name"


def _check_characters(kind: str, text: str) -> None:
    if not text:
        raise NameInvalid("empty", f"The {kind} is empty.", fix="Give 1 to 64 characters.")
    if len(text) > MAX_NAME_LENGTH:
        raise NameInvalid(
            "too-long",
            f"The {kind} is too long.",
            why=f"max: {MAX_NAME_LENGTH}, got: {len(text)}",
            fix="Shorten it.",
        )
    if not _NAME.fullmatch(text):
        wrong = "".join(sorted({c for c in text if not _NAME.fullmatch(c)}))
        raise NameInvalid(
            "invalid-characters",
            f"The {kind} {text!a} holds characters that names cannot have: {wrong!a}.",
            why="Names are lowercase ASCII letters, digits and hyphens.",
            fix=_suggest(text),
        )


def _check_hyphens(kind: str, text: str) -> None:
    if text.startswith("-") or text.endswith("-"):
        raise NameInvalid(
            "edge-hyphen", f"The {kind} {text!r} begins or ends with a hyphen.", fix=_suggest(text)
        )
    if "--" in text:
        raise NameInvalid("double-hyphen", f"The {kind} {text!r} holds '--'.", fix=_suggest(text))


def _suggest(text: str) -> str:
    mended = suggest_name(text)
    return f"Write it as {mended!r}." if mended else "Choose another name."


def suggest_name(text: str) -> str:
    """Return the nearest name that every rule allows, or an empty string."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_NAME_LENGTH].strip("-")


def look_alike(name: str) -> str:
    """Return the form in which names that a reader could confuse are equal.

    ``-._`` are dropped; ``l`` and ``i`` become ``1``, ``o`` becomes ``0``.
    """
    return name.lower().translate(_LOOK_ALIKE)


class Sha256Digest(str):
    """A SHA-256 as 64 lowercase hexadecimal digits."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Validate ``text``; see ``parse``."""
        lowered = text.lower()
        if not _HEX64.fullmatch(lowered):
            raise ManifestInvalid(
                "sha256",
                f"{text[:80]!a} is not a SHA-256 digest.",
                why="A digest is 64 hexadecimal digits.",
            )
        return super().__new__(cls, lowered)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 64 hexadecimal digits in either case.

        Raises:
            ManifestInvalid: field ``sha256``, anything else was given.
        """
        return cls(text)


@dataclass(frozen=True, slots=True)
class SignerKind:
    """Who signed an archive: the registry after vetting, or a publisher with its own key.

    Attributes:
        cert_serial: the publisher certificate's serial in lowercase hexadecimal. It is text
            everywhere: serials are longer than the integers that JSON readers keep exactly.
    """

    kind: Literal["registry", "publisher"]
    cert_serial: str | None = None

    def __post_init__(self) -> None:
        given = self.cert_serial is not None
        if self.kind not in ("registry", "publisher") or given != (self.kind == "publisher"):
            raise _signer_invalid(f"kind {self.kind!r} with serial {self.cert_serial!r}")
        if self.cert_serial is not None and not _SERIAL.fullmatch(self.cert_serial):
            raise _signer_invalid("cert_serial must be 1 to 40 lowercase hexadecimal digits")

    def to_json(self) -> JsonObject:
        """Return ``{"kind":"registry"}`` or ``{"kind":"publisher","cert_serial":"<hex>"}``."""
        if self.cert_serial is None:
            return {"kind": self.kind}
        return {"kind": self.kind, "cert_serial": self.cert_serial}

    @classmethod
    def from_json(cls, value: JsonValue) -> SignerKind:
        """Read what ``to_json`` wrote.

        Raises:
            ManifestInvalid: field ``signer``; another shape, or a serial that is not text.
        """
        if value == {"kind": "registry"}:
            return cls("registry")
        if not isinstance(value, dict) or value.keys() != {"kind", "cert_serial"}:
            raise _signer_invalid("expected kind, and cert_serial for a publisher")
        serial = value["cert_serial"]
        if value["kind"] != "publisher" or not isinstance(serial, str):
            raise _signer_invalid("a publisher's cert_serial is text, never a number")
        return cls("publisher", serial)


def _signer_invalid(why: str) -> ManifestInvalid:
    return ManifestInvalid("signer", "The signer cannot be read.", why=why)
