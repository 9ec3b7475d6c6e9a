"""One reader per field of a manifest; pack uses the same ones on what the author wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from skillpkg.canonical_json import JsonValue
from skillpkg.errors import ManifestInvalid, NameInvalid, VersionInvalid
from skillpkg.types import Namespace, PackageName, Sha256Digest
from skillpkg.version import Range

MIN_DESCRIPTION = 20
MAX_DESCRIPTION = 1024
MAX_TAGS = 20
MAX_DEPENDENCIES = 100
MAX_REQUIREMENTS = 100
MAX_FILES = 10_000
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
# Controls and bidirectional overrides: they would fool a terminal or a reviewer.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_REQUIREMENTS = {
    "env": re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}"),
    "bins": re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"),
    "hosts": re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?"),
    "tools": re.compile(r"[^\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]{1,128}"),
}

RawFile: TypeAlias = tuple[str, int, Sha256Digest]


def read_plain(field: str, value: JsonValue, longest: int) -> str:
    """Return ``value`` when it is text of at most ``longest`` characters that is safe to print.

    Raises:
        ManifestInvalid: named by ``field``.
    """
    if not isinstance(value, str):
        raise ManifestInvalid(
            field,
            f"{field} must be text, not {type(value).__name__}.",
            fix=f'Put it in quotes: {field}: "…"',
        )
    if len(value) > longest:
        why = _counted(longest, len(value))
        raise ManifestInvalid(field, f"{field} is too long.", why=why, fix="Shorten it.")
    unsafe = _UNSAFE.search(value)
    if unsafe:
        raise ManifestInvalid(
            field,
            f"{field} holds the control character U+{ord(unsafe[0]):04X}.",
            fix="Remove it: it could hide text from a reader.",
        )
    return value


def read_description(value: JsonValue) -> str:
    """Return the description when it is trimmed and 20 to 1,024 characters long."""
    text = read_plain("description", value, MAX_DESCRIPTION)
    if text != text.strip():
        raise ManifestInvalid("description", "The description has space at an edge.")
    if len(text) < MIN_DESCRIPTION:
        raise ManifestInvalid(
            "description",
            "The description is too short.",
            why=f"min: {MIN_DESCRIPTION} characters after trimming, got: {len(text)}",
            fix="Say what the skill does and when an agent should use it.",
        )
    return text


def read_license(value: JsonValue) -> str:
    """Return a licence: an SPDX expression or a sentence, at most 256 characters."""
    text = read_plain("license", value, 256)
    if not text.strip():
        raise ManifestInvalid("license", "The licence is empty.", fix="Leave the key out.")
    return text


def read_slug(field: str, value: JsonValue) -> str:
    """Return a category or tag: 1 to 40 lowercase letters, digits and inner hyphens."""
    text = read_plain(field, value, 40)
    if not _SLUG.fullmatch(text):
        raise ManifestInvalid(
            field,
            f"{field} {text!r} is not a short lowercase word.",
            why="It is 1 to 40 of a-z, 0-9 and inner hyphens.",
            fix=f"For example: {slug(text) or 'documentation'}",
        )
    return text


def slug(text: str) -> str:
    """Return the nearest category or tag to ``text``; empty when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-")


def read_tags(value: JsonValue) -> tuple[str, ...]:
    """Return up to 20 different tags in the given order."""
    tags = tuple(read_slug("tags", tag) for tag in _sequence("tags", value, MAX_TAGS))
    _refuse_repeats("tags", tags)
    return tags


def read_dependencies(value: JsonValue) -> dict[str, str]:
    """Return up to 100 dependencies, ``ns/name`` to a range that npm would read."""
    if not isinstance(value, Mapping):
        raise ManifestInvalid("dependencies", "dependencies must map ns/name to a range.")
    if len(value) > MAX_DEPENDENCIES:
        raise ManifestInvalid(
            "dependencies", "There are too many dependencies.", why=_counted(100, len(value))
        )
    return {_package(key): _range(key, wanted) for key, wanted in value.items()}


def _package(key: str) -> str:
    namespace, slash, name = key.partition("/")
    try:
        return f"{Namespace(namespace)}{slash}{PackageName(name)}"
    except NameInvalid as error:
        raise ManifestInvalid(
            "dependencies",
            f"The dependency {key[:160]!a} does not name a package.",
            why=error.what,
            fix="Write namespace/name.",
        ) from error


def _range(key: str, value: JsonValue) -> str:
    field = f"dependencies.{key}"
    text = read_plain(field, value, 256)
    try:
        Range.parse(text)
    except VersionInvalid as error:
        raise ManifestInvalid(field, error.what, why=error.why, fix=error.fix) from error
    return text


def read_requires(value: JsonValue) -> dict[str, tuple[str, ...]]:
    """Return ``env``, ``bins``, ``hosts`` and ``tools``; a missing one is empty."""
    if not isinstance(value, Mapping) or value.keys() - _REQUIREMENTS.keys():
        raise ManifestInvalid("requires", "requires holds env, bins, hosts and tools only.")
    return {key: _requirement(key, value.get(key, [])) for key in _REQUIREMENTS}


def _requirement(key: str, value: JsonValue) -> tuple[str, ...]:
    field = f"requires.{key}"
    items = tuple(read_plain(field, item, 256) for item in _sequence(field, value, 100))
    for item in items:
        if not _REQUIREMENTS[key].fullmatch(item):
            raise ManifestInvalid(field, f"{item!a} cannot stand in {field}.")
    _refuse_repeats(field, items)
    return items


def read_files(value: JsonValue) -> list[RawFile]:
    """Return path, size and digest of each file, sorted by path and each path once."""
    files = [_file(entry) for entry in _sequence("files", value, MAX_FILES)]
    paths = [path for path, _, _ in files]
    if any(a >= b for a, b in pairwise(paths)):
        raise ManifestInvalid("files", "files must be sorted by path, each path once.")
    return files


def _file(entry: JsonValue) -> RawFile:
    if not isinstance(entry, Mapping) or entry.keys() != {"path", "size", "sha256"}:
        raise ManifestInvalid("files", "Each of files holds path, size and sha256.")
    path, size, digest = entry["path"], entry["size"], entry["sha256"]
    if not isinstance(path, str) or type(size) is not int or size < 0:
        raise ManifestInvalid("files", "path must be text and size a whole number.")
    if not isinstance(digest, str) or digest != digest.lower():
        raise ManifestInvalid("files", f"The sha256 of {path[:80]!a} must be lowercase text.")
    return path, size, Sha256Digest(digest)


def _sequence(field: str, value: JsonValue, longest: int) -> Sequence[JsonValue]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ManifestInvalid(field, f"{field} must be a list.", fix=f"Write {field}: [a, b]")
    if len(value) > longest:
        raise ManifestInvalid(field, f"{field} is too long.", why=_counted(longest, len(value)))
    return value


def _refuse_repeats(field: str, items: tuple[str, ...]) -> None:
    if len(set(items)) != len(items):
        raise ManifestInvalid(field, f"{field} names one thing twice.")


def _counted(longest: int, got: int) -> str:
    return f"max: {longest}, got: {got}"
