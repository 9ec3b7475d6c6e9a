"""The tile tree over the bins' hashes: built whole, or changed along a few paths.

A level-0 tile holds the SHA-256 of up to 256 bins, a tile of level L the roots of the level L-1
tiles. A tile is addressed by its subtree's root, so it is checked by what stands above it.
Source: PROTOCOL.md, Static read plane, and docs/adr/0002.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from skillpkg.crypto import bin_tree
from skillpkg.crypto.tiles import WIDTH
from skreg.errors import IndexTileBroken
from skreg.publish.hashes import split_hashes
from skreg.publish.index.paths import bin_key, index_tile_key
from skreg.publish.writing import BlobObject

ReadObject = Callable[[str], Awaitable[bytes]]
"""Returns the object under a key; ``BlobMissing`` when it is gone."""


@dataclass(frozen=True, slots=True)
class TreeState:
    """What a timestamp commits to: the prefix length and the root over all bins."""

    prefix_length: int
    root: bytes

    @property
    def top(self) -> int:
        """Level of the tile whose root is the tree's."""
        return bin_tree.top_level(self.prefix_length)


@dataclass(slots=True)
class TreeChange:
    """A new tree and how it differs from the one before.

    Attributes:
        tiles: to write, leaves first.
        replaced: keys of bins and tiles that the new tree no longer reaches.
    """

    state: TreeState
    tiles: list[BlobObject] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)


def build_tree(digests: Sequence[bytes]) -> TreeChange:
    """Return the tree over the bins' SHA-256 digests, one for each of the 16**p prefixes."""
    tiles = bin_tree.build(digests)
    length = (len(digests).bit_length() - 1) // 4
    items = [BlobObject(tile.path[1:], tile.data) for tile in tiles]
    return TreeChange(TreeState(length, tiles[-1].root), items)


async def change_tree(
    state: TreeState, digests: Mapping[int, bytes], read: ReadObject
) -> TreeChange:
    """Return the tree after some bins changed; only tiles above them are read.

    Args:
        digests: bin number (its prefix as an integer) to the SHA-256 of its new bytes.

    Raises:
        BlobMissing: a tile of ``state`` is gone.
        IndexTileBroken: a tile does not hash to its address.
    """
    change = TreeChange(state)
    top = state.top
    root = await _change_tile(change, (top, 0), state.root, dict(digests), read)
    change.state = TreeState(state.prefix_length, root)
    return change


async def _change_tile(
    change: TreeChange,
    place: tuple[int, int],
    address: bytes,
    digests: Mapping[int, bytes],
    read: ReadObject,
) -> bytes:
    level, n = place
    old = await read_index_tile(level, n, address, read)
    slots = split_hashes(old)
    if level == 0:
        _set_bins(change, slots, digests)
    else:
        for child, below in _by_child(level, digests):
            inner = child % WIDTH
            slots[inner] = await _change_tile(change, (level - 1, child), slots[inner], below, read)
    data = b"".join(slots)
    root = bin_tree.tile_root(level, data)
    if data != old:
        change.tiles.append(BlobObject(index_tile_key(level, n, root), data))
        change.replaced.append(index_tile_key(level, n, address))
    return root


def _set_bins(change: TreeChange, slots: list[bytes], digests: Mapping[int, bytes]) -> None:
    length = change.state.prefix_length
    for number, digest in digests.items():
        old = slots[number % WIDTH]
        if old != digest:
            change.replaced.append(bin_key(f"{number:0{length}x}", old))
            slots[number % WIDTH] = digest


def _by_child(level: int, digests: Mapping[int, bytes]) -> list[tuple[int, dict[int, bytes]]]:
    def child(number: int) -> int:
        return int(number // WIDTH**level)

    return [
        (key, {number: digests[number] for number in numbers})
        for key, numbers in groupby(sorted(digests), key=child)
    ]


async def read_index_tile(level: int, n: int, address: bytes, read: ReadObject) -> bytes:
    """Return one tile, checked against its address.

    Raises:
        BlobMissing: it is gone.
        IndexTileBroken: other bytes stand there.
    """
    key = index_tile_key(level, n, address)
    data = await read(key)
    if bin_tree.tile_root(level, data) != address:
        raise IndexTileBroken(
            "A tile of the index does not hash to its address.",
            why=f"{key} holds other bytes.",
            fix="The tree is built anew from the database; find out who wrote to the store.",
        )
    return data


async def address_below(
    state: TreeState, prefix: str, read: ReadObject, *, tiles: int | None = None
) -> bytes:
    """Return the hash found after walking down some ``tiles`` towards a bin.

    After all of them (the default) it is the SHA-256 of the bin's bytes, before that the address
    of the next tile. Errors as ``read_index_tile``.
    """
    address = state.root
    for level, n, position, _ in bin_tree.steps(prefix)[:tiles]:
        data = await read_index_tile(level, n, address, read)
        address = split_hashes(data)[position]
    return address


async def keys_of_tree(state: TreeState, read: ReadObject) -> AsyncIterator[str]:
    """Yield the key of every tile and bin that ``state`` reaches; errors as ``read_index_tile``."""
    places = [(0, state.root)]
    for level in range(state.top, -1, -1):
        below: list[bytes] = []
        for n, address in places:
            yield index_tile_key(level, n, address)
            data = await read_index_tile(level, n, address, read)
            below += split_hashes(data)
        places = list(enumerate(below))
    for number, digest in places:
        yield bin_key(f"{number:0{state.prefix_length}x}", digest)
