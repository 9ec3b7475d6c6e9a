"""Merkle trees of RFC 6962: hashes, roots, and the verification of both kinds of proof."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_SIZE = 32


def leaf_hash(entry: bytes) -> bytes:
    """Return SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the tree head over hashes of leaves (or of equal, complete subtrees), in order.

    An odd hash at the end of a level rises unchanged, which gives RFC 6962's split at the
    largest power of two.
    """
    if not leaf_hashes:
        return EMPTY_ROOT
    level = list(leaf_hashes)
    while len(level) > 1:
        paired = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether the leaf hash stands at ``index`` of the tree of ``size`` with ``root``.

    RFC 9162, section 2.1.3.2. A proof with a hash too many or too few is false.
    """
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Tell whether the tree of ``old_size`` is a prefix of the tree of ``new_size``.

    RFC 9162, section 2.1.4.2. The empty tree is a prefix of every tree, by an empty proof.
    """
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT and new_size >= 0
    if old_size == new_size:
        return not proof and old_root == new_root
    seeded = [old_root, *proof] if old_size & (old_size - 1) == 0 else proof
    return fold_consistency(old_size, new_size, seeded) == (old_root, new_root)


def fold_consistency(
    old_size: int, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """Return the old and the new root that a consistency path leads to.

    Args:
        old_size: leaves of the older tree, at least 1 and below ``new_size``.
        new_size: leaves of the newer tree.
        path: the proof, beginning with its seed: where ``old_size`` is a power of two that is
            the old tree's root, which RFC 6962 proofs leave out.

    Returns:
        Both roots, or None when the path has a hash too many or too few.
    """
    if not 0 < old_size < new_size or not path:
        return None
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return (old, new) if last == 0 else None
