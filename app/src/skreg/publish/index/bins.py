"""Bins: for all packages under one hash prefix, which index document is the newest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto.bin_tree import bin_prefix
from skreg.errors import IndexInvalid
from skreg.publish.index.paths import bin_key
from skreg.publish.writing import BlobObject


@dataclass(frozen=True, slots=True)
class PackageEntry:
    """What a bin says of one package: its document's sequence and hexadecimal SHA-256."""

    sequence: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin: its bytes and their SHA-256, under a prefix of hex digits."""

    prefix: str
    data: bytes
    digest: bytes

    def to_object(self) -> BlobObject:
        """Return the bin under its key."""
        return BlobObject(bin_key(self.prefix, self.digest), self.data)


def make_bin(prefix: str, packages: Mapping[str, PackageEntry]) -> Bin:
    """Return the bin of ``prefix``; without packages it is ``{}``.

    Args:
        packages: ``ns/name`` to its newest document.

    Raises:
        IndexInvalid: a package falls under another prefix, where no client would look for it.
    """
    strays = [name for name in packages if bin_prefix(name, len(prefix)) != prefix]
    if strays:
        raise IndexInvalid(
            f"The bin {prefix} cannot be built.",
            why=f"{min(strays)!r} falls under {bin_prefix(min(strays), len(prefix))}.",
            fix="Select the packages by the first hex digits of SHA-256 over ns/name.",
        )
    content: JsonObject = {
        name: {"sequence": entry.sequence, "sha256": entry.sha256}
        for name, entry in packages.items()
    }
    data = canonical_json.dumps(content)
    return Bin(prefix, data, hashlib.sha256(data).digest())
