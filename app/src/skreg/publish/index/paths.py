"""The object keys of the signed index; the paths themselves are the client's own."""

from __future__ import annotations

from typing import Final

from skillpkg.crypto import bin_tree

TIMESTAMP: Final = "index/timestamp"
RESERVED_NAMESPACES: Final = frozenset({"bins", "timestamp", "tree"})
"""Names of the index's own folders: a namespace of that name would stand among them."""


def all_prefixes(length: int) -> list[str]:
    """Return every prefix of that length in order."""
    return [f"{i:0{length}x}" for i in range(16**length)]


def bin_key(prefix: str, digest: bytes) -> str:
    """Return the key of a bin whose bytes hash to ``digest``."""
    return bin_tree.bin_path(prefix, digest.hex())[1:]


def index_tile_key(level: int, n: int, root: bytes) -> str:
    """Return the key of a tile of the bins' tree, addressed by its subtree's root."""
    return bin_tree.tile_path(level, n, root)[1:]


def document_key(package: str, sha256: str) -> str:
    """Return the key of one signed index document of ``ns/name``."""
    return f"index/{package}/{sha256}.json"


def newest_key(package: str) -> str:
    """Return the key under which people find the newest document of ``ns/name``."""
    return f"index/{package}.json"
