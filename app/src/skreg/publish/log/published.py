"""Reads the log as it is published: tiles from the store, and proofs made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from skillpkg.crypto.merkle import HASH_SIZE
from skillpkg.crypto.tiles import WIDTH, ReadTile, prove_inclusion
from skreg.errors import BlobMissing
from skreg.ports.blobs import BlobStore
from skreg.publish.log.tiles import LogTile, tile_key

T = TypeVar("T")
Coordinates = tuple[int, int, int]


class PublishedTiles:
    """The store's hash tiles, read when they are wanted and held until the object goes.

    Their content is not believed: whoever computes with it compares the root.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._held: dict[Coordinates, bytes] = {}

    async def given(self, work: Callable[[ReadTile], T]) -> T:
        """Return ``work(read_tile)``, run again from its start for each tile it still lacks.

        Raises:
            BlobMissing: the store has neither that partial tile nor the full one.
        """
        while True:
            try:
                return work(self.read)
            except _Wanted as wanted:
                self._held[wanted.tile] = await self._fetch(*wanted.tile)

    def read(self, level: int, n: int, width: int) -> bytes:
        """Return a tile that is held; inside ``given`` others are fetched."""
        try:
            return self._held[level, n, width]
        except KeyError:
            raise _Wanted((level, n, width)) from None

    def hold(self, made: LogTile) -> None:
        """Add a hash tile of the right edge in place of all others of its level."""
        if made.level is not None:
            kept = {tile: data for tile, data in self._held.items() if tile[0] != made.level}
            self._held = kept | {(made.level, made.n, made.width): made.data}

    async def _fetch(self, level: int, n: int, width: int) -> bytes:
        try:
            return await self._blobs.get(tile_key(level, n, width))
        except BlobMissing:
            if width == WIDTH:
                raise
        full = await self._blobs.get(tile_key(level, n, WIDTH))
        return full[: width * HASH_SIZE]


class _Wanted(Exception):
    """No error but a request: the coordinates of a tile that is not held yet."""

    def __init__(self, tile: Coordinates) -> None:
        super().__init__(tile)
        self.tile = tile


async def inclusion_proof(blobs: BlobStore, index: int, size: int) -> list[bytes]:
    """Return the proof that entry ``index`` is in the published tree of ``size`` entries.

    Raises:
        ValueError: ``index`` is not below ``size``.
        BlobMissing: the log is not published as far as ``size``.
    """
    return (await inclusion_proofs(blobs, [index], size))[0]


async def inclusion_proofs(
    blobs: BlobStore, indexes: Iterable[int], size: int
) -> list[list[bytes]]:
    """Return one proof an index, reading each tile once; errors as ``inclusion_proof``."""
    tiles = PublishedTiles(blobs)
    return [await tiles.given(partial(prove_inclusion, index, size)) for index in indexes]
