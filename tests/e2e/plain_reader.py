"""Reads a registry's log with the standard library alone: no line of it is shared with skreg.

Written from the specifications: RFC 6962 (hashes), C2SP tlog-tiles (paths and bundles), C2SP
tlog-checkpoint and signed-note (the note), RFC 6962-bis 2.1.3.2 (inclusion).
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path


def leaf(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree(hashes: list[bytes]) -> bytes:
    """RFC 6962's MTH over leaf hashes, by the definition."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node(tree(hashes[:split]), tree(hashes[split:]))


def checkpoint(note: bytes) -> tuple[str, int, bytes, bytes, list[tuple[str, bytes, bytes]]]:
    """Return origin, size, root, the signed text and (name, key id, signature) of each line."""
    text, _, signatures = note.partition(b"\n\n")
    origin, size, root = text.decode().split("\n")[:3]
    lines = []
    for line in signatures.decode().splitlines():
        dash, name, blob = line.split(" ")
        assert dash == "\N{EM DASH}"
        raw = base64.b64decode(blob, validate=True)
        lines.append((name, raw[:4], raw[4:]))
    return origin, int(size), base64.b64decode(root, validate=True), text + b"\n", lines


def place(level: str, n: int, width: int) -> str:
    """The path of a tile: three digits a folder, all but the last with an x, partial ones .p/W."""
    digits = f"{n:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"log/tile/{level}/{name}" + ("" if width == 256 else f".p/{width}")


def rows(folder: Path, size: int) -> list[tuple[int, int]]:
    """Return (number, width) of the tiles at level 0 of a tree."""
    return [(n, min(256, size - n * 256)) for n in range(-(-size // 256))]


def hashes(folder: Path, size: int) -> list[bytes]:
    """Return the leaf hashes as the tiles at level 0 hold them."""
    found = []
    for n, width in rows(folder, size):
        data = (folder / place("0", n, width)).read_bytes()
        assert len(data) == 32 * width
        found += [data[i : i + 32] for i in range(0, len(data), 32)]
    return found


def entries(folder: Path, size: int) -> list[bytes]:
    """Return the entries as the bundles hold them."""
    found = []
    for n, width in rows(folder, size):
        data, at = (folder / place("entries", n, width)).read_bytes(), 0
        while at < len(data):
            length = int.from_bytes(data[at : at + 2], "big")
            found.append(data[at + 2 : at + 2 + length])
            at += 2 + length
    return found


def climbed(index: int, size: int, start: bytes, path: list[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to."""
    at, last, root = index, size - 1, start
    for other in path:
        assert last > 0
        if at & 1 or at == last:
            root = node(other, root)
            while at & 1 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            root = node(root, other)
        at, last = at >> 1, last >> 1
    assert last == 0
    return root
