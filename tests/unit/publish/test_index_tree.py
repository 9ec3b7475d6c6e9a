"""Bins and their tree: changed along a path equals built anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_reader import bin_digest, find, whole
from publish_support import MemoryStore

from skillpkg.crypto import bin_tree
from skreg.errors import IndexInvalid, StorageUnavailable
from skreg.publish.index.bins import PackageEntry, make_bin
from skreg.publish.index.writer import PackagesUnder, update_tree

EMPTY = hashlib.sha256(b"{}").hexdigest()


def packages(count: int, sequence: int = 1) -> dict[str, PackageEntry]:
    return {
        f"acme/p{i}": PackageEntry(sequence, hashlib.sha256(b"%d %d" % (i, sequence)).hexdigest())
        for i in range(count)
    }


def catalogue(held: Mapping[str, PackageEntry]) -> PackagesUnder:
    """The catalogue as the database would be asked for it, one bin at a time."""

    async def under(prefix: str) -> Mapping[str, PackageEntry]:
        return {
            name: entry
            for name, entry in held.items()
            if hashlib.sha256(name.encode()).hexdigest().startswith(prefix)
        }

    return under


def as_json(held: Mapping[str, PackageEntry]) -> dict[str, object]:
    return {name: {"sequence": e.sequence, "sha256": e.sha256} for name, e in held.items()}


async def test_the_first_tree_has_all_bins_empty_ones_too() -> None:
    blobs = MemoryStore()
    held = packages(3)
    change = await update_tree(blobs, None, 3, held, catalogue(held))
    root = change.state.root.hex()
    assert whole(blobs.objects, 1, root) == as_json(held)
    empty = [f"{i:x}" for i in range(16) if bin_digest(blobs.objects, f"{i:x}", root) == EMPTY]
    assert len(empty) >= 13
    assert change.replaced == []


async def test_an_empty_registry_has_an_index_too() -> None:
    blobs = MemoryStore()
    change = await update_tree(blobs, None, 0, (), catalogue({}))
    assert change.state.prefix_length == 1
    assert whole(blobs.objects, 1, change.state.root.hex()) == {}


@settings(max_examples=30, deadline=None)
@given(
    start=st.integers(0, 60),
    changes=st.lists(
        st.dictionaries(st.integers(0, 80), st.integers(2, 9), max_size=5), max_size=5
    ),
)
async def test_changed_along_paths_equals_built_anew(
    start: int, changes: list[dict[int, int]]
) -> None:
    blobs, held = MemoryStore(), packages(start)
    state = (await update_tree(blobs, None, start, held, catalogue(held))).state
    for batch in changes:
        new = {f"acme/p{i}": PackageEntry(seq, f"{seq:064x}") for i, seq in batch.items()}
        held |= new
        change = await update_tree(blobs, state, len(held), new, catalogue(held))
        state = change.state
    fresh = MemoryStore()
    anew = await update_tree(fresh, None, len(held), held, catalogue(held))
    assert anew.state == state
    assert whole(blobs.objects, state.prefix_length, state.root.hex()) == as_json(held)


async def test_one_changed_package_of_5000_writes_one_bin_and_the_tiles_above() -> None:
    blobs, held = MemoryStore(), packages(5000)
    state = (await update_tree(blobs, None, 5000, held, catalogue(held))).state
    assert state.prefix_length == 2
    before = dict(blobs.objects)
    blobs.written.clear()
    blobs.reads.clear()
    held["acme/p77"] = PackageEntry(2, "77" * 32)
    change = await update_tree(blobs, state, 5000, ["acme/p77"], catalogue(held))
    assert [key.split("/")[1] for key in blobs.written] == ["bins", "tree"]
    assert len(blobs.reads) == 1
    assert [key.split("/")[1] for key in change.replaced] == ["bins", "tree"]
    assert set(change.replaced) <= set(before)
    root = change.state.root.hex()
    assert find(blobs.objects, "acme/p77", 2, root) == {"sequence": 2, "sha256": "77" * 32}


async def test_two_levels_of_tiles_at_length_three() -> None:
    blobs = MemoryStore()
    held = packages(40)
    count = 256 * 16**2 + 1
    state = (await update_tree(blobs, None, count, held, catalogue(held))).state
    assert (state.prefix_length, state.top) == (3, 1)
    blobs.written.clear()
    changed = {"acme/p1": PackageEntry(2, "11" * 32), "acme/new": PackageEntry(1, "22" * 32)}
    held |= changed
    change = await update_tree(blobs, state, count, changed, catalogue(held))
    assert len([key for key in blobs.written if "/tree/1/" in key]) == 1
    assert blobs.written[-1].startswith("index/tree/1/0/")
    assert whole(blobs.objects, 3, change.state.root.hex()) == as_json(held)


async def test_longer_prefixes_replace_the_whole_tree() -> None:
    blobs, held = MemoryStore(), packages(4096)
    first = await update_tree(blobs, None, 4096, held, catalogue(held))
    old = set(blobs.objects)
    held |= {"acme/one-more": PackageEntry(1, "11" * 32)}
    second = await update_tree(blobs, first.state, 4097, ["acme/one-more"], catalogue(held))
    assert (first.state.prefix_length, second.state.prefix_length) == (1, 2)
    assert set(second.replaced) == old
    assert whole(blobs.objects, 2, second.state.root.hex()) == as_json(held)


@pytest.mark.parametrize("damage", ["missing", "changed", "cut"])
async def test_a_tree_that_is_not_whole_is_built_anew(damage: str) -> None:
    blobs, held = MemoryStore(), packages(30)
    first = await update_tree(blobs, None, 30, held, catalogue(held))
    (tile,) = [key for key in blobs.objects if "/tree/" in key]
    if damage == "missing":
        await blobs.delete(tile)
    else:
        blobs.objects[tile] = blobs.objects[tile][:-1] + (b"?" if damage == "changed" else b"")
    held["acme/p1"] = PackageEntry(2, "11" * 32)
    second = await update_tree(blobs, first.state, 30, ["acme/p1"], catalogue(held))
    assert whole(blobs.objects, 1, second.state.root.hex()) == as_json(held)


@pytest.mark.parametrize("kill", range(18))
async def test_a_killed_update_is_finished_by_the_next(kill: int) -> None:
    blobs, held = MemoryStore(), packages(30)
    blobs.fail_at = kill
    try:
        await update_tree(blobs, None, 30, held, catalogue(held))
    except StorageUnavailable:
        blobs.fail_at = None
    change = await update_tree(blobs, None, 30, held, catalogue(held))
    assert whole(blobs.objects, 1, change.state.root.hex()) == as_json(held)


async def test_the_same_update_again_changes_nothing() -> None:
    blobs, held = MemoryStore(), packages(30)
    state = (await update_tree(blobs, None, 30, held, catalogue(held))).state
    held["acme/p3"] = PackageEntry(2, "33" * 32)
    once = await update_tree(blobs, state, 30, ["acme/p3"], catalogue(held))
    before = dict(blobs.objects)
    again = await update_tree(blobs, state, 30, ["acme/p3"], catalogue(held))
    assert again == once
    nothing = await update_tree(blobs, once.state, 30, ["acme/p3"], catalogue(held))
    assert (nothing.state, nothing.tiles, nothing.replaced) == (once.state, [], [])
    assert blobs.objects == before


def test_a_bin_refuses_a_package_of_another_prefix() -> None:
    prefix = bin_tree.bin_prefix("acme/p1", 2)
    wrong = f"{(int(prefix, 16) + 1) % 256:02x}"
    with pytest.raises(IndexInvalid, match=f"falls under {prefix}"):
        make_bin(wrong, {"acme/p1": PackageEntry(1, "11" * 32)})
    assert make_bin("a", {}).data == b"{}"
