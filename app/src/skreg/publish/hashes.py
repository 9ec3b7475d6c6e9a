"""Cuts a tile's bytes into the hashes that it holds."""

from __future__ import annotations

from skillpkg.crypto.merkle import HASH_SIZE


def split_hashes(data: bytes) -> list[bytes]:
    """Return the 32-byte hashes of a tile."""
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]
