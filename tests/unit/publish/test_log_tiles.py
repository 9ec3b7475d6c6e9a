"""Tiles and checkpoints as a stranger reads them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_reader import check, checkpoint, leaf, mth, path
from publish_support import ORIGIN, MemoryStore, database, entry, new_log_keys

from skreg.errors import BlobMissing
from skreg.publish.log.published import inclusion_proof, inclusion_proofs
from skreg.publish.log.sequencer import CHECKPOINT, integrate
from skreg.publish.log.tiles import LogTile, tile_key, tiles_for

KEYS = new_log_keys()


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 1024, 1025, 70_000])
async def test_a_stranger_recomputes_the_root_from_the_tiles(size: int) -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), size)
    assert checkpoint(blobs.objects)[:2] == (ORIGIN, size)
    check(blobs.objects)


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537])
async def test_the_third_level_begins_at_65536(size: int) -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 65_300)
    await integrate(blobs, KEYS, database(), size)
    check(blobs.objects)
    assert (path("2", 0, 1) in blobs.objects) == (size >= 65_536)


async def test_the_sizes_of_the_specifications_example() -> None:
    """C2SP tlog-tiles: a tree of 70,000 has 273 full tiles and a partial one of 112, and so on."""
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 70_000)
    hash_tiles = {key for key in blobs.objects if "/entries/" not in key and key != CHECKPOINT}
    assert len([key for key in hash_tiles if key.startswith("log/tile/0/")]) == 274
    assert {"log/tile/0/272", "log/tile/0/273.p/112"} <= hash_tiles
    assert {key for key in hash_tiles if not key.startswith("log/tile/0/")} == {
        "log/tile/1/000",
        "log/tile/1/001.p/17",
        "log/tile/2/000.p/1",
    }


def test_the_paths_of_the_specifications_example() -> None:
    assert tile_key(0, 1_234_067, 256) == "log/tile/0/x001/x234/067"
    assert tile_key(3, 1_234_067, 8) == "log/tile/3/x001/x234/067.p/8"
    assert tile_key(None, 0, 256) == "log/tile/entries/000"


@settings(max_examples=25, deadline=None)
@given(batches=st.lists(st.integers(0, 900), min_size=1, max_size=6))
async def test_any_batches_give_the_same_log(batches: list[int]) -> None:
    blobs, size = MemoryStore(), 0
    for batch in batches:
        size += batch
        await integrate(blobs, KEYS, database(), size)
        check(blobs.objects)
    whole = MemoryStore()
    await integrate(whole, KEYS, database(), size)
    assert {key: blobs.objects[key] for key in whole.objects if key != CHECKPOINT} == {
        key: data for key, data in whole.objects.items() if key != CHECKPOINT
    }


async def test_growing_reads_only_the_right_edge() -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 70_000)
    blobs.reads.clear()
    blobs.written.clear()
    await integrate(blobs, KEYS, database(), 70_001)
    assert len(set(blobs.reads)) <= 5
    assert blobs.written == ["log/tile/entries/273.p/113", "log/tile/0/273.p/113", CHECKPOINT]


async def test_a_long_first_run_asks_the_database_for_bounded_batches() -> None:
    asked: list[int] = []

    async def entries_from(start: int, end: int) -> list[bytes]:
        asked.append(end - start)
        return [entry(i) for i in range(start, end)]

    blobs = MemoryStore()
    await integrate(blobs, KEYS, entries_from, 20_000)
    assert max(asked) <= 1024
    assert not [
        key for key in blobs.written if ".p/" in key and not key.endswith((".p/78", ".p/32"))
    ]


def test_tiles_for_without_new_entries_is_nothing() -> None:
    def none(level: int, n: int, width: int) -> bytes:
        raise AssertionError("nothing is read")

    assert tiles_for(0, [], none) == []
    assert tiles_for(3, [entry(0), entry(1), entry(2)], none) == []


def test_an_entry_longer_than_a_bundle_can_say_is_refused() -> None:
    def none(level: int, n: int, width: int) -> bytes:
        return b""

    assert len(tiles_for(0, [b"x" * 65_535], none)) == 2
    with pytest.raises(ValueError, match="65535"):
        tiles_for(0, [b"x" * 65_536], none)


def test_which_tile_ends_a_tree() -> None:
    assert LogTile(0, 1, 44, b"").is_edge_of(300)
    assert not LogTile(0, 1, 43, b"").is_edge_of(300)
    assert LogTile(1, 0, 1, b"").is_edge_of(300)
    assert LogTile(None, 1, 44, b"").is_edge_of(300)


@settings(max_examples=30, deadline=None)
@given(size=st.integers(1, 1500), data=st.data())
async def test_inclusion_proofs_lead_to_the_root(size: int, data: st.DataObject) -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), size)
    index = data.draw(st.integers(0, size - 1))
    proof = await inclusion_proof(blobs, index, size)
    assert proof == audit_path(index, [leaf(entry(i)) for i in range(size)])


def audit_path(index: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 6962, PATH(m, D[n])."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if index < k:
        return [*audit_path(index, hashes[:k]), mth(hashes[k:])]
    return [*audit_path(index - k, hashes[k:]), mth(hashes[:k])]


async def test_a_proof_under_an_older_checkpoint_uses_the_full_tile_when_the_partial_is_gone() -> (
    None
):
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 300)
    before = await inclusion_proof(blobs, 299, 300)
    await integrate(blobs, KEYS, database(), 600)
    await blobs.delete("log/tile/0/001.p/44")
    assert await inclusion_proof(blobs, 299, 300) == before


async def test_no_proof_beyond_what_is_published() -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 10)
    with pytest.raises(BlobMissing):
        await inclusion_proof(blobs, 3, 20)
    with pytest.raises(ValueError, match="not in a tree"):
        await inclusion_proof(blobs, 10, 10)


async def test_many_proofs_read_each_tile_once() -> None:
    blobs = MemoryStore()
    await integrate(blobs, KEYS, database(), 600)
    blobs.reads.clear()
    proofs = await inclusion_proofs(blobs, range(590, 600), 600)
    assert len(proofs) == 10
    assert len(blobs.reads) == len(set(blobs.reads))
