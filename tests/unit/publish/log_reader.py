"""A reader of published logs that shares no code with skreg: RFC 6962 and C2SP from their texts."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping


def mth(hashes: list[bytes]) -> bytes:
    """Merkle tree hash over leaf hashes, by RFC 6962's own recursion."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def path(level: str, n: int, width: int) -> str:
    """The tile's key: three digits a folder, x before all but the last."""
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03d}")
    return f"log/tile/{level}/" + "/".join(groups) + ("" if width == 256 else f".p/{width}")


def checkpoint(objects: Mapping[str, bytes]) -> tuple[str, int, bytes]:
    """Origin, size and root of the published checkpoint."""
    lines = objects["log/checkpoint"].decode().split("\n")
    return lines[0], int(lines[1]), base64.b64decode(lines[2])


def tile_widths(count: int) -> list[tuple[int, int]]:
    """(number, width) of every tile of a level that holds so many hashes."""
    return [(n, min(256, count - n * 256)) for n in range((count + 255) // 256)]


def read_entries(objects: Mapping[str, bytes], size: int) -> list[bytes]:
    found: list[bytes] = []
    for n, width in tile_widths(size):
        data, bundle = objects[path("entries", n, width)], []
        while data:
            (length,) = struct.unpack(">H", data[:2])
            assert len(data) >= 2 + length
            bundle.append(data[2 : 2 + length])
            data = data[2 + length :]
        assert len(bundle) == width
        found += bundle
    return found


def check(objects: Mapping[str, bytes]) -> tuple[int, bytes]:
    """Check every tile of the published log from its entries up; returns size and root."""
    _, size, root = checkpoint(objects)
    hashes = [leaf(one) for one in read_entries(objects, size)]
    assert mth(hashes) == root
    level, count = 0, size
    while count:
        for n, width in tile_widths(count):
            want = b"".join(hashes[n * 256 : n * 256 + width])
            assert objects[path(str(level), n, width)] == want, (level, n, width)
        hashes = [mth(hashes[i : i + 256]) for i in range(0, count - 255, 256)]
        level, count = level + 1, count // 256
    return size, root
