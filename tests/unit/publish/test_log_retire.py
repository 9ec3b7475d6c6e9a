"""Partial tiles go a day after their full one is published, not before."""

from __future__ import annotations

from datetime import timedelta

from log_reader import check
from publish_support import NOW, MemoryStore, database, new_log_keys

from skreg.publish.log.retire import retire_partial_tiles
from skreg.publish.log.sequencer import integrate

KEYS = new_log_keys()
DAY = timedelta(hours=24)


async def test_partial_tiles_stay_a_day_beside_the_full_one() -> None:
    blobs = MemoryStore()
    for size in (10, 200, 300):
        await integrate(blobs, KEYS, database(), size)
    assert await retire_partial_tiles(blobs, 300, NOW + DAY - timedelta(seconds=1)) == []
    gone = await retire_partial_tiles(blobs, 300, NOW + DAY)
    assert set(gone) == {
        f"log/tile/{level}/000.p/{width}" for level in ("entries", "0") for width in (10, 200)
    }
    check(blobs.objects)
    assert await retire_partial_tiles(blobs, 300, NOW + DAY) == []


async def test_a_full_tile_beyond_the_checkpoint_replaces_nothing() -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 200)
    blobs.objects["log/tile/0/000"] = b"left by a killed run"
    blobs.modified["log/tile/0/000"] = NOW
    assert await retire_partial_tiles(blobs, 200, NOW + 2 * DAY) == []


async def test_without_the_full_tile_or_with_a_strange_name_nothing_goes() -> None:
    blobs = MemoryStore()
    for size in (10, 300):
        await integrate(blobs, KEYS, database(), size)
    await blobs.delete("log/tile/0/000")
    blobs.objects["log/tile/0/strange"] = b""
    blobs.modified["log/tile/0/strange"] = NOW
    assert await retire_partial_tiles(blobs, 300, NOW + DAY) == ["log/tile/entries/000.p/10"]
