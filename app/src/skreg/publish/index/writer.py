"""Writes the index leaves first: documents, bins, tiles; the timestamp comes after all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from skillpkg.crypto.bin_tree import bin_prefix, prefix_length
from skreg.errors import BlobMissing, IndexTileBroken
from skreg.ports.blobs import BlobStore
from skreg.publish.index.bins import Bin, PackageEntry, make_bin
from skreg.publish.index.documents import SignedDocument
from skreg.publish.index.paths import all_prefixes
from skreg.publish.index.tree import (
    TreeChange,
    TreeState,
    build_tree,
    change_tree,
    keys_of_tree,
)
from skreg.publish.writing import CONCURRENT_WRITES, replace, write_all, write_once

PackagesUnder = Callable[[str], Awaitable[Mapping[str, PackageEntry]]]
"""``await packages(prefix)`` returns every package of a bin, by ``ns/name``.

Only documents that ``write_document`` has written may be named: a client follows the hash at once.
"""


async def write_document(blobs: BlobStore, document: SignedDocument) -> None:
    """Write a signed document under its hash, before the bin that names it."""
    await write_once(blobs, document.addressed())


async def write_newest(blobs: BlobStore, document: SignedDocument) -> None:
    """Write a document under the package's plain name, once the timestamp reaches it."""
    await replace(blobs, document.newest())


async def update_tree(
    blobs: BlobStore,
    previous: TreeState | None,
    count: int,
    changed: Collection[str],
    packages: PackagesUnder,
) -> TreeChange:
    """Write the bins and tiles that a batch of changed packages needs.

    One changed package costs one bin and the tiles above it. The whole tree is built anew when
    the number of packages asks for longer prefixes, and when the previous tree is not all there.

    Args:
        previous: the tree of the last finished update, from the caller's own row; None before
            the first. Never read back from the store: an old timestamp that was put there again
            would make a tree without what was published since.
        count: packages with an index document, the changed ones among them.
        changed: ``ns/name`` of those whose document is another than in ``previous``.

    Returns:
        The new tree's state, what was written, and which keys it no longer reaches.
    """
    length = prefix_length(count)
    if previous is not None and previous.prefix_length == length:
        try:
            return await _update(blobs, previous, changed, packages)
        except (BlobMissing, IndexTileBroken):
            pass
    return await _rebuild(blobs, previous, length, packages)


async def _update(
    blobs: BlobStore, previous: TreeState, changed: Collection[str], packages: PackagesUnder
) -> TreeChange:
    prefixes = sorted({bin_prefix(package, previous.prefix_length) for package in changed})
    digests = await _write_bins(blobs, prefixes, packages)
    numbered = {int(prefix, 16): digest for prefix, digest in digests.items()}
    change = await change_tree(previous, numbered, blobs.get)
    await write_all(blobs, change.tiles, once=True)
    return change


async def _rebuild(
    blobs: BlobStore, previous: TreeState | None, length: int, packages: PackagesUnder
) -> TreeChange:
    digests = await _write_bins(blobs, all_prefixes(length), packages)
    change = build_tree(list(digests.values()))
    await write_all(blobs, change.tiles, once=True)
    if previous is not None:
        reached = {key async for key in keys_of_tree(change.state, blobs.get)}
        change.replaced = [key for key in await _keys_left(blobs, previous) if key not in reached]
    return change


async def _write_bins(
    blobs: BlobStore, prefixes: list[str], packages: PackagesUnder
) -> dict[str, bytes]:
    """Write the bins of these prefixes, a few at a time; returns their digests in order."""
    digests: dict[str, bytes] = {}
    for start in range(0, len(prefixes), CONCURRENT_WRITES):
        batch: list[Bin] = [
            make_bin(prefix, await packages(prefix))
            for prefix in prefixes[start : start + CONCURRENT_WRITES]
        ]
        await write_all(blobs, (one.to_object() for one in batch), once=True)
        digests |= {one.prefix: one.digest for one in batch}
    return digests


async def _keys_left(blobs: BlobStore, previous: TreeState) -> list[str]:
    """Return the keys of the previous tree, as far as its tiles can still be read."""
    found: list[str] = []
    try:
        async for key in keys_of_tree(previous, blobs.get):
            found.append(key)
    except (BlobMissing, IndexTileBroken):
        return found
    return found
