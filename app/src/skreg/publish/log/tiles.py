"""What a growing log adds: hash tiles at every level and entry bundles (C2SP tlog-tiles)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillpkg.crypto.merkle import HASH_SIZE, leaf_hash, root_of
from skillpkg.crypto.tiles import WIDTH, ReadTile, encode_entries, entries_path, tile_path
from skreg.publish.hashes import split_hashes
from skreg.publish.writing import BlobObject

LOG = "log/"
"""Key prefix of everything that belongs to the log."""


@dataclass(frozen=True, slots=True)
class LogTile:
    """One tile or bundle to write.

    Attributes:
        level: of a hash tile from 0; None for a bundle of entries.
        width: hashes or entries in it, 1 to 256.
    """

    level: int | None
    n: int
    width: int
    data: bytes

    @property
    def full(self) -> bool:
        """True when the tile will never change again."""
        return self.width == WIDTH

    def is_edge_of(self, size: int) -> bool:
        """Tell whether a tree of ``size`` entries ends with this very tile."""
        return divmod(size >> (8 * (self.level or 0)), WIDTH) == (self.n, self.width)

    def to_object(self) -> BlobObject:
        """Return the tile under its key in the read plane."""
        return BlobObject(tile_key(self.level, self.n, self.width), self.data)


def tile_key(level: int | None, n: int, width: int) -> str:
    """Return the object key of a hash tile, or of a bundle where ``level`` is None."""
    path = entries_path(n, width) if level is None else tile_path(level, n, width)
    return LOG + path


def bundle_start(size: int) -> int:
    """Return the index of the first entry of the bundle that entry number ``size`` falls in."""
    return size - size % WIDTH


def tiles_for(old_size: int, entries: Sequence[bytes], read_tile: ReadTile) -> list[LogTile]:
    """Return what must be written before a checkpoint may cover the new entries.

    Only the right edge of the old tree is read: at most one partial tile a level.

    Args:
        old_size: entries in the tree so far.
        entries: from ``bundle_start(old_size)`` on: those that the last bundle holds already,
            then the new ones.
        read_tile: gives the partial tiles of the old tree.

    Raises:
        ValueError: an entry is longer than 65,535 bytes.
    """
    start = bundle_start(old_size)
    if len(entries) <= old_size - start:
        return []
    tiles = _bundles(start // WIDTH, entries)
    grown = [leaf_hash(entry) for entry in entries[old_size - start :]]
    level = 0
    while grown:
        added = _hash_tiles(level, old_size >> (8 * level), grown, read_tile)
        tiles += added
        grown = [tile_root(tile.data) for tile in added if tile.full]
        level += 1
    return tiles


def tile_root(data: bytes) -> bytes:
    """Return the root over the hashes that a tile's bytes hold."""
    return root_of(split_hashes(data))


def _bundles(first: int, entries: Sequence[bytes]) -> list[LogTile]:
    cut = [entries[i : i + WIDTH] for i in range(0, len(entries), WIDTH)]
    return [LogTile(None, first + i, len(part), encode_entries(part)) for i, part in enumerate(cut)]


def _hash_tiles(
    level: int, count: int, grown: Sequence[bytes], read_tile: ReadTile
) -> list[LogTile]:
    first, kept = divmod(count, WIDTH)
    held = read_tile(level, first, kept) if kept else b""
    data = held + b"".join(grown)
    cut = [data[i : i + WIDTH * HASH_SIZE] for i in range(0, len(data), WIDTH * HASH_SIZE)]
    return [LogTile(level, first + i, len(part) // HASH_SIZE, part) for i, part in enumerate(cut)]
