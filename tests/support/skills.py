"""Small ``.skill`` archives made in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from skillpkg.archive import gzip_layer, tar
from skillpkg.archive.reader import MANIFEST, SKILL
from skillpkg.archive.tar import Member, mode_of
from skillpkg.manifest import FileEntry, Manifest
from skillpkg.types import Namespace, PackageName, Sha256Digest
from skillpkg.version import Version

DESCRIPTION = "A small skill that shows how a package is verified."


def make_skill(
    namespace: str,
    name: str,
    version: str = "1.0.0",
    *,
    dependencies: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> bytes:
    """Return the archive of a skill with a SKILL.md and the files given."""
    front = f"---\nname: {name}\ndescription: {DESCRIPTION}\n---\n\n# {name} {version}\n"
    held = {SKILL: front.encode()} | dict(files or {})
    manifest = Manifest(
        Namespace(namespace),
        PackageName(name),
        Version.parse(version),
        DESCRIPTION,
        dependencies=dict(dependencies or {}),
        files=tuple(_entry(path, held[path]) for path in sorted(held)),
    )
    return pack(held | {MANIFEST: manifest.to_bytes()})


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the canonical archive of exactly these files."""
    members = [Member(path, mode_of(files[path]), files[path]) for path in sorted(files)]
    return gzip_layer.deflate(tar.encode(members))


def _entry(path: str, data: bytes) -> FileEntry:
    return FileEntry(path, len(data), Sha256Digest(hashlib.sha256(data).hexdigest()))
