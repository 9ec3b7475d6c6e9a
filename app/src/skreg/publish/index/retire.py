"""Deletes replaced parts of the index a day after they were replaced."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from skillpkg import canonical_json
from skillpkg.crypto import bin_tree
from skillpkg.crypto.tiles import WIDTH
from skreg.errors import IndexInvalid
from skreg.ports.blobs import BlobStore
from skreg.publish.headers import path_class
from skreg.publish.index.paths import bin_key, document_key, index_tile_key
from skreg.publish.index.timestamp import committed_tree, read_timestamp
from skreg.publish.index.tree import ReadObject, TreeState, address_below

KEPT_FOR: Final = timedelta(hours=24)
"""How long a cache at any edge may still hand out the timestamp that reaches them."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """One key that a new timestamp no longer reached, and when that timestamp was written."""

    key: str
    at: datetime


async def retire(blobs: BlobStore, replaced: Sequence[Replaced], now: datetime) -> list[str]:
    """Delete what was replaced 24 hours ago or earlier and stays unreached.

    Run it under the lock that the writers hold: an object may become reachable again.

    Args:
        replaced: the caller's rows; a key that stands several times counts by its last one.

    Returns:
        The keys that are dealt with, deleted or reachable again: the caller drops their rows.

    Raises:
        IndexInvalid: there is no timestamp, or it cannot be read; nothing is deleted.
    """
    newest = {one.key: one.at for one in sorted(replaced, key=lambda one: one.at)}
    due = [key for key, at in newest.items() if now - at >= KEPT_FOR]
    tree = await _current_tree(blobs) if due else None
    for key in due:
        if tree is not None and not await is_reached(tree, key, blobs.get):
            await blobs.delete(key)
    return due


async def is_reached(tree: TreeState, key: str, read: ReadObject) -> bool:
    """Tell whether a client that walks down from ``tree`` may ask for ``key``.

    True as well for every key that is no immutable part of the index.

    Raises:
        BlobMissing, IndexTileBroken: ``tree`` itself is not whole.
    """
    reaches = _REACHES.get(path_class(key) or "")
    return True if reaches is None else await reaches(tree, key, read)


async def _current_tree(blobs: BlobStore) -> TreeState:
    try:
        return committed_tree(await read_timestamp(blobs) or b"")
    except ValueError as error:
        raise IndexInvalid(
            "Nothing was deleted: the published timestamp cannot be read.",
            why=str(error),
            fix="Let the worker publish the timestamp again, then retire.",
        ) from error


async def _reaches_tile(tree: TreeState, key: str, read: ReadObject) -> bool:
    level, n = (int(part) for part in key.split("/")[2:4])
    first = n * WIDTH ** (level + 1)
    if level > tree.top or first >= 16**tree.prefix_length:
        return False
    prefix = f"{first:0{tree.prefix_length}x}"
    root = await address_below(tree, prefix, read, tiles=tree.top - level)
    return key == index_tile_key(level, n, root)


async def _reaches_bin(tree: TreeState, key: str, read: ReadObject) -> bool:
    prefix = key.split("/")[2]
    if len(prefix) != tree.prefix_length:
        return False
    return key == bin_key(prefix, await address_below(tree, prefix, read))


async def _reaches_document(tree: TreeState, key: str, read: ReadObject) -> bool:
    package = "/".join(key.split("/")[1:3])
    prefix = bin_tree.bin_prefix(package, tree.prefix_length)
    data = await read(bin_key(prefix, await address_below(tree, prefix, read)))
    entry = canonical_json.loads(data).get(package)
    return isinstance(entry, dict) and key == document_key(package, str(entry.get("sha256")))


_REACHES: Final[dict[str, Callable[[TreeState, str, ReadObject], Awaitable[bool]]]] = {
    "index-tile": _reaches_tile,
    "index-bin": _reaches_bin,
    "index-document": _reaches_document,
}
