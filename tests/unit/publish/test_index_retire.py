"""What was replaced stays a day, and what is reached stays for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from index_reader import find, timestamp
from publish_support import NOW, REGISTRY, MemoryStore, new_leaf
from test_index_signed import FACTS
from test_index_tree import catalogue, packages

from skreg.errors import IndexInvalid
from skreg.publish.index.bins import PackageEntry
from skreg.publish.index.documents import SignedDocument, sign_document
from skreg.publish.index.retire import Replaced, retire
from skreg.publish.index.timestamp import TimestampFacts, publish_timestamp
from skreg.publish.index.tree import TreeState
from skreg.publish.index.writer import update_tree, write_document, write_newest

LEAF = new_leaf()
DAY = timedelta(hours=24)


class Registry:
    """The caller's side: rows in memory, one step after the other."""

    def __init__(self, count: int = 20) -> None:
        self.blobs = MemoryStore()
        self.held = packages(count)
        self.count = count
        self.tree: TreeState | None = None
        self.replaced: list[str] = []

    async def publish(self, sequence: int) -> SignedDocument:
        document = sign_document(replace(FACTS, sequence=sequence), LEAF, NOW)
        self.held["acme/demo"] = PackageEntry(sequence, document.sha256)
        await write_document(self.blobs, document)
        changed = await update_tree(
            self.blobs, self.tree, self.count, ["acme/demo"], catalogue(self.held)
        )
        self.tree, self.replaced = changed.state, changed.replaced
        facts = TimestampFacts(REGISTRY, self.tree, 1, {})
        await publish_timestamp(self.blobs, facts, LEAF, NOW)
        await write_newest(self.blobs, document)
        return document

    def everything(self) -> list[Replaced]:
        return [Replaced(key, NOW) for key in self.blobs.objects]

    def readable(self) -> bool:
        stamp = timestamp(self.blobs.objects)
        entry = find(self.blobs.objects, "acme/demo", stamp["prefix_length"], stamp["root"])
        return entry is not None and f"index/acme/demo/{entry['sha256']}.json" in self.blobs.objects


async def test_replaced_objects_go_after_a_day() -> None:
    registry = Registry()
    first = await registry.publish(1)
    await registry.publish(2)
    rows = [Replaced(key, NOW) for key in [*registry.replaced, first.addressed().key]]
    assert len(rows) == 3
    assert await retire(registry.blobs, rows, NOW + DAY - timedelta(seconds=1)) == []
    assert all(row.key in registry.blobs.objects for row in rows)
    assert await retire(registry.blobs, rows, NOW + DAY) == [row.key for row in rows]
    assert not any(row.key in registry.blobs.objects for row in rows)
    assert registry.readable()


@pytest.mark.parametrize("count", [20, 5000, 256 * 16**2 + 1])
async def test_nothing_that_the_timestamp_reaches_is_ever_deleted(count: int) -> None:
    registry = Registry(20)
    registry.count = count
    await registry.publish(1)
    stale = set(registry.blobs.objects) - {"index/timestamp", "index/acme/demo.json"}
    await registry.publish(2)
    current = set(registry.blobs.objects)
    await retire(registry.blobs, registry.everything(), NOW + DAY)
    assert registry.readable()
    assert (
        len(current) - len(registry.blobs.objects) == 3 + (registry.tree or TreeState(1, b"")).top
    )
    assert current - set(registry.blobs.objects) <= stale


async def test_a_tree_of_other_prefixes_is_deleted_whole() -> None:
    registry = Registry()
    registry.count = 256 * 16**2 + 1
    await registry.publish(1)
    old = set(registry.blobs.objects)
    registry.count = 20
    await registry.publish(2)
    await retire(registry.blobs, registry.everything(), NOW + DAY)
    left = set(registry.blobs.objects) & old
    assert left == {"index/timestamp", "index/acme/demo.json"}
    assert registry.readable()


async def test_a_key_that_was_replaced_twice_counts_from_the_last_time() -> None:
    registry = Registry()
    first = await registry.publish(1)
    await registry.publish(2)
    key = first.addressed().key
    rows = [Replaced(key, NOW + DAY), Replaced(key, NOW)]
    assert await retire(registry.blobs, rows, NOW + DAY) == []
    assert key in registry.blobs.objects


async def test_a_package_that_the_index_lost_is_not_reached() -> None:
    registry = Registry()
    document = await registry.publish(1)
    del registry.held["acme/demo"]
    changed = await update_tree(
        registry.blobs, registry.tree, 20, ["acme/demo"], catalogue(registry.held)
    )
    facts = TimestampFacts(REGISTRY, changed.state, 1, {})
    await publish_timestamp(registry.blobs, facts, LEAF, NOW)
    key = document.addressed().key
    await retire(registry.blobs, [Replaced(key, NOW)], NOW + DAY)
    assert key not in registry.blobs.objects


async def test_without_a_readable_timestamp_nothing_is_deleted() -> None:
    registry = Registry()
    await registry.publish(1)
    await registry.publish(2)
    await registry.blobs.delete("index/timestamp")
    before = dict(registry.blobs.objects)
    with pytest.raises(IndexInvalid, match="timestamp"):
        await retire(registry.blobs, registry.everything(), NOW + DAY)
    assert registry.blobs.objects == before
    assert await retire(registry.blobs, [], NOW) == []
