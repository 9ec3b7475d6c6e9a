"""Trees and proofs against a second reading of RFC 6962, written as the RFC has it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.crypto import merkle

CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(entries: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = split(len(entries))
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Sequence[bytes], whole: bool) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    n = len(entries)
    if m == n:
        return [] if whole else [mth(entries)]
    k = split(n)
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def entries(n: int) -> list[bytes]:
    return [b"entry %d" % i for i in range(n)]


def hashes(n: int) -> list[bytes]:
    return [merkle.leaf_hash(entry) for entry in entries(n)]


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    leaves = [merkle.leaf_hash(entry) for entry in CT_LEAVES[:size]]
    assert merkle.root_of(leaves).hex() == CT_ROOTS[size - 1]


def test_root_is_the_recursion_at_every_size() -> None:
    for size in range(130):
        assert merkle.root_of(hashes(size)) == mth(entries(size))


def test_every_inclusion_proof_verifies_and_only_where_it_belongs() -> None:
    for size in range(1, 34):
        root = mth(entries(size))
        for index in range(size):
            proof, leaf = path(index, entries(size)), hashes(size)[index]
            assert merkle.verify_inclusion(leaf, index, size, proof, root)
            for other in set(range(size + 1)) - {index}:
                assert not merkle.verify_inclusion(leaf, other, size, proof, root)


def test_every_consistency_proof_verifies() -> None:
    for new in range(34):
        for old in range(new + 1):
            proof = subproof(old, entries(new), True) if old > 0 else []
            roots = mth(entries(old)), mth(entries(new))
            assert merkle.verify_consistency(old, new, proof, *roots)


@given(st.data())
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    root, leaf = mth(entries(size)), hashes(size)[index]
    proof = path(index, entries(size))
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
    if proof:
        cut = data.draw(st.integers(0, len(proof) - 1))
        assert not merkle.verify_inclusion(leaf, index, size, proof[:cut], root)
        changed = [*proof[:cut], hashlib.sha256(proof[cut]).digest(), *proof[cut + 1 :]]
        assert not merkle.verify_inclusion(leaf, index, size, changed, root)


@given(st.data())
def test_a_changed_consistency_proof_is_refused(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, 200))
    old = data.draw(st.integers(1, new - 1))
    proof = subproof(old, entries(new), True)
    roots = mth(entries(old)), mth(entries(new))
    cut = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof[:cut], hashlib.sha256(proof[cut]).digest(), *proof[cut + 1 :]]
    for bad in (proof[:-1], [*proof, roots[0]], changed):
        assert not merkle.verify_consistency(old, new, bad, *roots)
    assert not merkle.verify_consistency(old, new, proof, roots[1], roots[0])


def test_a_node_is_no_leaf() -> None:
    """A14: two hashes together must not pass for an entry, nor an entry for a node."""
    left, right = hashes(2)
    root = merkle.node_hash(left, right)
    assert merkle.leaf_hash(left + right) != root
    assert not merkle.verify_inclusion(merkle.leaf_hash(left + right), 0, 1, [], root)


@pytest.mark.parametrize(("index", "size"), [(5, 5), (6, 5), (-1, 5), (0, 0)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    assert not merkle.verify_inclusion(hashes(1)[0], index, size, [], hashes(1)[0])


def test_edges_of_consistency() -> None:
    one, two = mth(entries(1)), mth(entries(2))
    assert merkle.verify_consistency(0, 2, [], merkle.EMPTY_ROOT, two)
    assert not merkle.verify_consistency(0, 2, [one], merkle.EMPTY_ROOT, two)
    assert not merkle.verify_consistency(0, 2, [], one, two)
    assert merkle.verify_consistency(2, 2, [], two, two)
    assert not merkle.verify_consistency(2, 2, [], one, two)
    assert not merkle.verify_consistency(2, 1, [one], two, one)
    assert not merkle.verify_consistency(-1, 1, [one], two, one)
    assert merkle.fold_consistency(1, 2, []) is None
    assert merkle.fold_consistency(1, 2, [one, one, one]) is None
