"""Walks a published index as a client would, sharing no code with skreg."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from log_reader import leaf, mth


def timestamp(objects: Mapping[str, bytes]) -> dict[str, Any]:
    envelope = json.loads(objects["index/timestamp"])
    return json.loads(base64.b64decode(envelope["payload"]))


def subtree(level: int, data: bytes) -> bytes:
    hashes = [data[i : i + 32] for i in range(0, len(data), 32)]
    return mth([leaf(one) for one in hashes] if level == 0 else hashes)


def bin_digest(objects: Mapping[str, bytes], prefix: str, root: str) -> str:
    """Walk down from the root to a bin's SHA-256."""
    count, levels = 16 ** len(prefix), 1
    while count > 256:
        count, levels = count // 256, levels + 1
    index, address = int(prefix, 16), root
    for level in range(levels - 1, -1, -1):
        n = index // 256 ** (level + 1)
        data = objects[f"index/tree/{level}/{n}/{address}"]
        assert subtree(level, data).hex() == address
        slot = index // 256**level % 256
        address = data[slot * 32 : slot * 32 + 32].hex()
    return address


def find(
    objects: Mapping[str, bytes], package: str, length: int, root: str
) -> dict[str, Any] | None:
    prefix = hashlib.sha256(package.encode()).hexdigest()[:length]
    digest = bin_digest(objects, prefix, root)
    data = objects[f"index/bins/{prefix}/{digest}.json"]
    assert hashlib.sha256(data).hexdigest() == digest
    return json.loads(data).get(package)


def whole(objects: Mapping[str, bytes], length: int, root: str) -> dict[str, Any]:
    """Every package of an index, each bin reached from the root."""
    found: dict[str, Any] = {}
    leaves = []
    for number in range(16**length):
        prefix = f"{number:0{length}x}"
        digest = bin_digest(objects, prefix, root)
        leaves.append(leaf(bytes.fromhex(digest)))
        found |= json.loads(objects[f"index/bins/{prefix}/{digest}.json"])
    assert mth(leaves).hex() == root
    return found
