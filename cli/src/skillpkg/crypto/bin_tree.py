"""The bins' tile tree: a timestamp's root commits to every package of a registry.

A package belongs to the bin named by the first digits of SHA-256(``ns/name``). Leaf ``i`` of the
tree is SHA-256(0x00 || SHA-256(bin bytes)). Tiles are numbered and cut like the log's, but each
is found by its own hash, so a client walks from the root down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from skillpkg.crypto.merkle import HASH_SIZE, leaf_hash, root_of
from skillpkg.crypto.tiles import WIDTH

MAX_PREFIX = 8
PACKAGES_PER_BIN = 256


@dataclass(frozen=True, slots=True)
class BinTile:
    """One tile: where it stands, the root over its hashes, and its bytes."""

    level: int
    n: int
    root: bytes
    data: bytes

    @property
    def path(self) -> str:
        """The tile's read-plane path."""
        return tile_path(self.level, self.n, self.root)


def prefix_length(packages: int) -> int:
    """Return the smallest p >= 1 with packages <= 256 * 16**p."""
    length = 1
    while packages > PACKAGES_PER_BIN * 16**length:
        length += 1
    return length


def bin_prefix(package: str, length: int) -> str:
    """Return the prefix of the bin that ``package`` (``ns/name``) belongs to."""
    return hashlib.sha256(package.encode("utf-8")).hexdigest()[:length]


def bin_path(prefix: str, sha256: str) -> str:
    """Return the read-plane path of a bin."""
    return f"/index/bins/{prefix}/{sha256}.json"


def tile_path(level: int, n: int, root: bytes) -> str:
    """Return the read-plane path of a tile; ``root`` is the one over its hashes."""
    return f"/index/tree/{level}/{n}/{root.hex()}"


def tile_root(level: int, data: bytes) -> bytes:
    """Return the root over a tile: level 0 holds bins' SHA-256, higher levels tiles' roots."""
    hashes = [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]
    return root_of([leaf_hash(one) for one in hashes] if level == 0 else hashes)


def top_level(length: int) -> int:
    """Return the level of the only tile that covers all 16**length bins."""
    return (length + 1) // 2 - 1


def steps(prefix: str) -> list[tuple[int, int, int, int]]:
    """Return (level, n, position, width) of each tile on the way down to a bin."""
    index, bins = int(prefix, 16), 16 ** len(prefix)
    down = []
    for level in range(top_level(len(prefix)), -1, -1):
        n, position = divmod(index >> (8 * level), WIDTH)
        down.append((level, n, position, min(WIDTH, bins >> (8 * level))))
    return down


def build(bin_digests: Sequence[bytes]) -> list[BinTile]:
    """Return every tile over the bins' SHA-256 digests, the top tile (the root) last.

    Raises:
        ValueError: their number is not a power of 16.
    """
    if len(bin_digests) not in [16**length for length in range(1, MAX_PREFIX + 1)]:
        raise ValueError("a bin tree has 16**p bins")
    tiles: list[BinTile] = []
    hashes, level = list(bin_digests), 0
    while True:
        row = [_tile(level, n, hashes) for n in range(-(-len(hashes) // WIDTH))]
        tiles += row
        if len(row) == 1:
            return tiles
        hashes, level = [tile.root for tile in row], level + 1


def _tile(level: int, n: int, hashes: Sequence[bytes]) -> BinTile:
    data = b"".join(hashes[n * WIDTH : (n + 1) * WIDTH])
    return BinTile(level, n, tile_root(level, data), data)
