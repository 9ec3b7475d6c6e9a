"""C2SP tlog-tiles: where a log's hashes and entries stand, and proofs made from them.

A tile holds up to 256 hashes of 32 bytes. Hash ``i`` of tile ``n`` at level ``L`` is the root
of the complete subtree over the 256**L entries from ``(n * 256 + i) * 256**L`` on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from skillpkg.crypto.merkle import EMPTY_ROOT, HASH_SIZE, node_hash, root_of

WIDTH = 256
FULL_TILE = WIDTH * HASH_SIZE
MAX_ENTRY = 65_535
MAX_LEVEL = 63

ReadTile = Callable[[int, int, int], bytes]
"""``read_tile(level, n, width)`` returns ``width`` hashes: 32 * width bytes."""

_PATH = re.compile(
    r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/){0,6}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII
)


def tile_path(level: int, n: int, width: int = WIDTH) -> str:
    """Return the path of a hash tile under the log's prefix: ``tile/0/x001/x234/067.p/8``."""
    return f"tile/{level}/{_grouped(n)}{_partial(width)}"


def entries_path(n: int, width: int = WIDTH) -> str:
    """Return the path of the entry bundle number ``n``: ``tile/entries/x001/067``."""
    return f"tile/entries/{_grouped(n)}{_partial(width)}"


def parse_path(path: str) -> tuple[int | None, int, int]:
    """Return level (None for entries), number and width of a tile path.

    Raises:
        ValueError: not exactly what `tile_path` or `entries_path` writes.
    """
    match = _PATH.fullmatch(path)
    if match is None:
        raise ValueError(f"not a tile path: {path[:80]!r}")
    n = int(match[2].replace("x", "").replace("/", ""))
    width = int(match[3] or WIDTH)
    level = None if match[1] == "entries" else int(match[1])
    written = entries_path(n, width) if level is None else tile_path(level, n, width)
    if written != path or (level or 0) > MAX_LEVEL or width > WIDTH:
        raise ValueError(f"not a tile path in its canonical form: {path[:80]!r}")
    return level, n, width


def tile_width(level: int, n: int, size: int) -> int:
    """Return how many hashes tile ``n`` at ``level`` holds in a tree of ``size`` entries."""
    return max(0, min(WIDTH, (size >> (8 * level)) - n * WIDTH))


def tiles_between(old_size: int, new_size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (level, n, width) of every hash tile that a tree growing so far adds or changes."""
    level = 0
    while new := new_size >> (8 * level):
        old = old_size >> (8 * level)
        for n in range(old // WIDTH, -(-new // WIDTH)):
            if (width := min(WIDTH, new - n * WIDTH)) > old - n * WIDTH:
                yield level, n, width
        level += 1


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle: each entry after its length as two bytes, big-endian.

    Raises:
        ValueError: an entry is longer than 65,535 bytes.
    """
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError(f"a log entry holds at most {MAX_ENTRY} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        ValueError: the bundle ends inside an entry or holds more than 256.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data) or len(entries) == WIDTH:
            raise ValueError("the entry bundle is cut short or too long")
        entries.append(data[at + 2 : end])
        at = end
    return entries


def subtree(height: int, index: int, size: int, read_tile: ReadTile) -> bytes:
    """Return the root over the 2**height entries from ``index * 2**height`` on.

    Args:
        height: of a complete subtree.
        index: counts subtrees of that height from the left.
        size: entries in the tree, which decides how wide the tile that is read must be.
        read_tile: gives the tile's bytes.

    Raises:
        ValueError: the tile that was given has another width.
    """
    level, inner = divmod(height, 8)
    n, at = divmod(index << inner, WIDTH)
    width = tile_width(level, n, size)
    data = read_tile(level, n, width)
    if len(data) != width * HASH_SIZE:
        raise ValueError(
            f"tile {tile_path(level, n, width)} holds {len(data)} bytes, not {width * HASH_SIZE}"
        )
    hashes = [data[i * HASH_SIZE : (i + 1) * HASH_SIZE] for i in range(at, at + (1 << inner))]
    return root_of(hashes)


def root_from_tiles(size: int, read_tile: ReadTile) -> bytes:
    """Return the root of the tree of ``size`` entries."""
    return range_root(0, size, size, read_tile)


def range_root(start: int, end: int, size: int, read_tile: ReadTile) -> bytes:
    """Return RFC 6962's MTH(D[start:end]) for a range as its recursion forms them."""
    roots = [subtree(h, i, size, read_tile) for h, i in _complete_subtrees(start, end)]
    return _join(roots)


def prove_inclusion(index: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """Return the inclusion proof (RFC 6962 PATH) of entry ``index`` in a tree of ``size``.

    Raises:
        ValueError: ``index`` is not below ``size``, or a tile has the wrong width.
    """
    if not 0 <= index < size:
        raise ValueError(f"entry {index} is not in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        left = index < middle
        other = (middle, end) if left else (start, middle)
        path.append(range_root(*other, size, read_tile))
        start, end = (start, middle) if left else (middle, end)
    return path[::-1]


def prove_consistency(old_size: int, new_size: int, read_tile: ReadTile) -> list[bytes]:
    """Return the consistency proof (RFC 6962 PROOF) from ``old_size`` to ``new_size``.

    Raises:
        ValueError: ``old_size`` is beyond ``new_size``, or a tile has the wrong width.
    """
    path = consistency_path(old_size, new_size, read_tile)
    seeded = 0 < old_size < new_size and old_size & (old_size - 1) == 0
    return path[1:] if seeded else path


def consistency_path(old_size: int, new_size: int, read_tile: ReadTile) -> list[bytes]:
    """Return the proof with its seed always in it, as `merkle.fold_consistency` takes it.

    With the seed taken from tiles rather than from the old checkpoint, a path that leads to
    the new root is known to be genuine, whatever the old root turns out to be.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a tree of {old_size} is no prefix of one of {new_size}")
    if old_size in (0, new_size):
        return []
    path, start, end = [], 0, new_size
    while old_size != end:
        middle = start + _split(end - start)
        left = old_size <= middle
        other = (middle, end) if left else (start, middle)
        path.append(range_root(*other, new_size, read_tile))
        start, end = (start, middle) if left else (middle, end)
    path.append(range_root(start, end, new_size, read_tile))
    return path[::-1]


def _complete_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (height, index) of the complete subtrees that make up the range, left to right."""
    while start < end:
        height = (end - start).bit_length() - 1
        yield height, start >> height
        start += 1 << height


def _join(roots: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees of falling size: joined from the right."""
    if not roots:
        return EMPTY_ROOT
    found = roots[-1]
    for left in reversed(roots[:-1]):
        found = node_hash(left, found)
    return found


def _split(entries: int) -> int:
    """Return the largest power of two below ``entries``."""
    return 1 << ((entries - 1).bit_length() - 1)


def _grouped(n: int) -> str:
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([*("x" + group for group in groups[:-1]), groups[-1]])


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"
