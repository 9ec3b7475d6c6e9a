"""The bins' tree, against a tree head computed from the leaves alone."""

from __future__ import annotations

import hashlib

import pytest

from skillpkg.crypto import bin_tree


def head(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    half = len(hashes) // 2
    return hashlib.sha256(b"\x01" + head(hashes[:half]) + head(hashes[half:])).digest()


def digests(length: int) -> list[bytes]:
    return [hashlib.sha256(i.to_bytes(4, "big")).digest() for i in range(16**length)]


@pytest.mark.parametrize(
    ("packages", "length"),
    [
        (0, 1),
        (1, 1),
        (4096, 1),
        (4097, 2),
        (65_536, 2),
        (65_537, 3),
        (1_000_000, 3),
        (2**20 + 1, 4),
    ],
)
def test_bins_hold_256_packages_on_average(packages: int, length: int) -> None:
    assert bin_tree.prefix_length(packages) == length


def test_the_bin_of_a_package() -> None:
    digest = hashlib.sha256(b"acme/deploy").hexdigest()
    assert bin_tree.bin_prefix("acme/deploy", 3) == digest[:3]
    assert bin_tree.bin_path("00f", "ab") == "/index/bins/00f/ab.json"
    assert bin_tree.tile_path(1, 12, b"\x01") == "/index/tree/1/12/01"


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_the_root_is_that_of_the_leaves_and_every_bin_is_reached(length: int) -> None:
    bins = digests(length)
    built = bin_tree.build(bins)
    leaves = [hashlib.sha256(b"\x00" + one).digest() for one in bins]
    assert built[-1].root == head(leaves)
    tiles = {(tile.level, tile.n): tile for tile in built}
    for index in {0, 1, 255, 256, 4095, len(bins) - 1} & set(range(len(bins))):
        found = built[-1].root
        for level, n, position, width in bin_tree.steps(f"{index:0{length}x}"):
            tile = tiles[level, n]
            assert (tile.root, len(tile.data)) == (found, width * 32)
            assert tile.path == f"/index/tree/{level}/{n}/{found.hex()}"
            found = tile.data[position * 32 : position * 32 + 32]
        assert found == bins[index]


def test_a_million_packages_cost_two_tiles() -> None:
    assert [step[3] for step in bin_tree.steps("fff")] == [16, 256]
    assert bin_tree.top_level(3) == 1


@pytest.mark.parametrize("count", [0, 1, 15, 17, 255, 257])
def test_other_numbers_of_bins_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=r"16\*\*p"):
        bin_tree.build([bytes(32)] * count)
