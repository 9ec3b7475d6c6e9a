"""The walk from a timestamp's root down to the bin that names a package's index document."""

from __future__ import annotations

import json
from dataclasses import dataclass

from skillpkg.canonical_json import JsonObject, JsonValue
from skillpkg.crypto import bin_tree, fields
from skillpkg.crypto.merkle import HASH_SIZE
from skillpkg.errors import Check, NotFound
from skillpkg.install.fetching import MAX_BIN, MAX_TILE, fetch, require_sha256
from skillpkg.install.modes import refusal
from skillpkg.install.ports import ReadPlane
from skillpkg.install.timestamp import Timestamp


@dataclass(frozen=True, slots=True)
class Located:
    """The index document that a timestamp commits to: its number, hash and read-plane path."""

    package: str
    sequence: int
    sha256: str

    @property
    def path(self) -> str:
        """Where the document is."""
        return f"/index/{self.package}/{self.sha256}.json"


class BinWalk:
    """Walks down the tree of one timestamp; tiles and bins once seen are not asked for again.

    Args:
        read: gives tiles and bins; all are immutable.
        timestamp: a verified timestamp.
    """

    def __init__(self, read: ReadPlane, timestamp: Timestamp) -> None:
        self._read = read
        self._timestamp = timestamp
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._bins: dict[str, JsonObject] = {}

    def locate(self, package: str) -> Located:
        """Walk to the package's bin (``ns/name``), every step held to the hash above it.

        Raises:
            VerificationRefused: tile or bin.
            NotFound: the registry has no such package; its own tree proves it.
        """
        prefix = bin_tree.bin_prefix(package, self._timestamp.prefix_length)
        if prefix not in self._bins:
            self._bins[prefix] = self._bin(prefix)
        return _entry(self._bins[prefix], package)

    def _bin(self, prefix: str) -> JsonObject:
        found = self._timestamp.root
        for level, n, position, width in bin_tree.steps(prefix):
            if (level, n) not in self._tiles:
                self._tiles[level, n] = _tile(self._read, level, n, width, found)
            found = self._tiles[level, n][position * HASH_SIZE : (position + 1) * HASH_SIZE]
        path = bin_tree.bin_path(prefix, found.hex())
        data = fetch(self._read, path, check=Check.BIN, max_size=MAX_BIN, immutable=True)
        return _loads(require_sha256(data, found.hex(), path, Check.BIN), path)


def _tile(read: ReadPlane, level: int, n: int, width: int, root: bytes) -> bytes:
    path = bin_tree.tile_path(level, n, root)
    data = fetch(read, path, check=Check.TILE, max_size=MAX_TILE, immutable=True)
    if len(data) != width * HASH_SIZE or bin_tree.tile_root(level, data) != root:
        raise refusal(Check.TILE, f"{path} does not hash to what the timestamp commits to.")
    return data


def _entry(entries: JsonObject, package: str) -> Located:
    if package not in entries:
        raise NotFound(
            f"The registry has no package {package}.",
            why="Its signed index proves that there is none.",
            fix=f"Look for it: skillpkg search {package.partition('/')[2]}",
        )
    try:
        entry = fields.mapping(entries, package)
        sequence = fields.integer(entry, "sequence", least=1)
        return Located(package, sequence, fields.digest(entry, "sha256"))
    except ValueError as error:
        raise refusal(Check.BIN, f"The bin of {package} cannot be read.", str(error)) from error


def _loads(data: bytes, path: str) -> JsonObject:
    """Read a bin: as strict as `canonical_json.loads`, and quick for its plain strings.

    Bins hold ASCII and integers alone, where the standard encoder already writes RFC 8785.
    """
    try:
        value: JsonValue = json.loads(data.decode("ascii"))
        written = json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
    except (ValueError, RecursionError) as error:
        raise refusal(Check.BIN, f"{path} cannot be read.", str(error)) from error
    if not isinstance(value, dict) or written != data:
        raise refusal(Check.BIN, f"{path} is not an object in canonical form.")
    return value
