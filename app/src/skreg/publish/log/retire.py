"""Deletes partial tiles that nobody needs any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from skillpkg.crypto.tiles import WIDTH, parse_path
from skreg.errors import BlobMissing
from skreg.ports.blobs import BlobStore
from skreg.publish.log.tiles import LOG, tile_key

KEPT_FOR = timedelta(hours=24)
"""How long a reader may still be under way with a checkpoint that it fetched before."""


async def retire_partial_tiles(blobs: BlobStore, size: int, now: datetime) -> list[str]:
    """Delete the partial tiles and bundles whose full one has been there for a day.

    Readers that want a partial tile which is gone take the full one instead (C2SP tlog-tiles).

    Args:
        size: entries that the published checkpoint covers; full tiles beyond it do not count.

    Returns:
        The keys that were deleted.
    """
    since: dict[str, datetime | None] = {}
    deleted = []
    async for found in blobs.list(LOG + "tile/"):
        full = _full_key(found.key, size)
        if full is None:
            continue
        if full not in since:
            since[full] = await _written_at(blobs, full)
        written = since[full]
        if written is not None and now - written >= KEPT_FOR:
            await blobs.delete(found.key)
            deleted.append(found.key)
    return deleted


def _full_key(key: str, size: int) -> str | None:
    """Return the key of the full tile that has replaced a partial one, None where none has."""
    try:
        level, n, width = parse_path(key.removeprefix(LOG))
    except ValueError:
        return None
    covered = (n + 1) * WIDTH <= size >> (8 * (level or 0))
    return tile_key(level, n, WIDTH) if covered and width < WIDTH else None


async def _written_at(blobs: BlobStore, key: str) -> datetime | None:
    try:
        return (await blobs.head(key)).modified
    except BlobMissing:
        return None
