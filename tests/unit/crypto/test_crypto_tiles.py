"""Tiles: paths, widths and proofs, judged by the recursion in test_crypto_merkle's terms."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.crypto import merkle, tiles


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(i.to_bytes(4, "big")) for i in range(count)]


def root(hashes: list[bytes]) -> bytes:
    """A tree head by halving at the largest power of two, as RFC 6962 says it."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + root(hashes[:k]) + root(hashes[k:])).digest()


class Tree:
    """Every level's hashes, and a reader that gives exactly what was asked for."""

    def __init__(self, count: int) -> None:
        self.rows = [leaves(count)]
        while len(row := self.rows[-1]) >= 256:
            self.rows.append([root(row[i - 256 : i]) for i in range(256, len(row) + 1, 256)])

    def read(self, level: int, n: int, width: int) -> bytes:
        found = self.rows[level][n * 256 : n * 256 + width]
        assert len(found) == width > 0
        return b"".join(found)

    def root(self, size: int) -> bytes:
        return root(self.rows[0][:size]) if size else merkle.EMPTY_ROOT


TREE = Tree(1300)
BIG = Tree(66_000)


@pytest.mark.parametrize(
    ("level", "n", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 273, 112, "tile/0/273.p/112"),
        (1, 1, 17, "tile/1/001.p/17"),
        (0, 1_234_067, 256, "tile/0/x001/x234/067"),
        (63, 1000, 1, "tile/63/x001/000.p/1"),
    ],
)
def test_paths_as_the_specification_writes_them(level: int, n: int, width: int, path: str) -> None:
    assert tiles.tile_path(level, n, width) == path
    assert tiles.parse_path(path) == (level, n, width)
    entries = path.replace(f"tile/{level}/", "tile/entries/")
    assert tiles.entries_path(n, width) == entries
    assert tiles.parse_path(entries) == (None, n, width)


@given(st.integers(0, 63), st.integers(0, 10**20), st.integers(1, 256))
def test_paths_read_back(level: int, n: int, width: int) -> None:
    assert tiles.parse_path(tiles.tile_path(level, n, width)) == (level, n, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/x000/001",
        "tile/0/001.p/256",
        "tile/0/001.p/300",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/64/001",
        "tile/00/001",
        "tile/0/001/",
        "tile/0/x1/001",
        "tile/0/../001",
        "tile/0/٠٠١",
        "",
    ],
)
def test_other_spellings_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="tile path"):
        tiles.parse_path(path)


@given(st.text(max_size=40))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        level, n, width = tiles.parse_path(text)
    except ValueError:
        return
    written = tiles.entries_path(n, width) if level is None else tiles.tile_path(level, n, width)
    assert written == text


def test_the_70_000_example() -> None:
    """C2SP: 273 full tiles and one of 112, one full and one of 17, one of 1."""
    found: dict[int, list[tuple[int, int]]] = {}
    for level, n, width in tiles.tiles_between(0, 70_000):
        found.setdefault(level, []).append((n, width))
    assert {level: len(row) for level, row in found.items()} == {0: 274, 1: 2, 2: 1}
    assert (found[0][-1], found[1], found[2]) == ((273, 112), [(0, 256), (1, 17)], [(0, 1)])
    assert [tiles.tile_width(0, n, 70_000) for n in (272, 273, 274)] == [256, 112, 0]


@given(st.lists(st.integers(0, 200_000), min_size=2, max_size=6))
def test_growing_in_batches_writes_the_tiles_of_growing_at_once(sizes: list[int]) -> None:
    ordered = sorted(sizes)
    last = {}
    for old, new in pairwise([0, *ordered]):
        last.update({(level, n): w for level, n, w in tiles.tiles_between(old, new)})
    assert last == {(level, n): w for level, n, w in tiles.tiles_between(0, ordered[-1])}
    assert list(tiles.tiles_between(ordered[-1], ordered[-1])) == []


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 600, 1024, 1300])
def test_roots_from_tiles(size: int) -> None:
    assert tiles.root_from_tiles(size, TREE.read) == TREE.root(size)


@given(st.data())
def test_inclusion_proofs_from_tiles(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 1300))
    index = data.draw(st.integers(0, size - 1))
    proof = tiles.prove_inclusion(index, size, TREE.read)
    assert merkle.verify_inclusion(leaves(1300)[index], index, size, proof, TREE.root(size))


@given(st.data())
def test_consistency_proofs_from_tiles(data: st.DataObject) -> None:
    new = data.draw(st.integers(0, 1300))
    old = data.draw(st.integers(0, new))
    proof = tiles.prove_consistency(old, new, TREE.read)
    roots = TREE.root(old), TREE.root(new)
    assert merkle.verify_consistency(old, new, proof, *roots)
    if 0 < old < new:
        path = tiles.consistency_path(old, new, TREE.read)
        assert merkle.fold_consistency(old, new, path) == roots


@pytest.mark.parametrize(
    ("index", "old"), [(0, 1), (65_535, 65_536), (65_999, 65_537), (40_000, 256)]
)
def test_proofs_across_three_levels(index: int, old: int) -> None:
    size = 66_000
    proof = tiles.prove_inclusion(index, size, BIG.read)
    assert merkle.verify_inclusion(BIG.rows[0][index], index, size, proof, BIG.root(size))
    proof = tiles.prove_consistency(old, size, BIG.read)
    assert merkle.verify_consistency(old, size, proof, BIG.root(old), BIG.root(size))


def test_proofs_outside_the_tree_are_refused() -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        tiles.prove_inclusion(5, 5, TREE.read)
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(ValueError, match="no prefix"):
            tiles.prove_consistency(old, new, TREE.read)


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d + bytes(32), lambda d: b""])
def test_a_tile_of_another_width_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    """A17."""
    with pytest.raises(ValueError, match="holds"):
        tiles.prove_inclusion(0, 300, lambda *at: change(TREE.read(*at)))


@given(st.lists(st.binary(max_size=70), max_size=256))
def test_entry_bundles_read_back(entries: list[bytes]) -> None:
    assert tiles.decode_entries(tiles.encode_entries(entries)) == entries


@given(st.binary(max_size=200))
def test_any_bytes_are_a_bundle_or_refused(data: bytes) -> None:
    try:
        entries = tiles.decode_entries(data)
    except ValueError:
        return
    assert tiles.encode_entries(entries) == data


def test_bounds_of_entry_bundles() -> None:
    assert tiles.decode_entries(tiles.encode_entries([bytes(65_535)])) == [bytes(65_535)]
    with pytest.raises(ValueError, match="at most"):
        tiles.encode_entries([bytes(65_536)])
    for bad in (b"\x00", b"\x00\x02a", bytes(2 * 257)):
        with pytest.raises(ValueError, match="cut short or too long"):
            tiles.decode_entries(bad)
