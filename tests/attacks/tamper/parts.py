"""The parts of a published version, and how one byte of each is changed.

A tamper function gets the registry's folder and a seeded random source, changes one byte, and
says where. Where a change lies below other hashes or signatures, those above it are made good
again with the registry's own keys, so that the check of the part itself has to refuse.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from skillpkg.errors import Check
from support.resigned import Document, Resigner

SKILL = "demo/csv-profiler"
UNBOUND = ("time", "seq", "prev")
"""Fields of a log entry that nothing but the log's own tree holds in place."""

Tamper = Callable[[Resigner, Random], str]


@dataclass(frozen=True)
class Part:
    """One part, what changes a byte of it, and the checks that may refuse it.

    Attributes:
        first: the check that this part is named by; it must be seen in every run.
        also: checks that refuse earlier for some bytes, because they read these bytes too.
        remembers: whether the client has met the registry before; a list that it keeps for a day
            is not fetched again.
    """

    name: str
    tamper: Tamper
    first: Check
    also: tuple[Check, ...] = ()
    remembers: bool = True

    @property
    def checks(self) -> frozenset[Check]:
        return frozenset((self.first, *self.also))


def flip(data: bytes, random: Random) -> tuple[bytes, str]:
    """Return the bytes with one changed, and where."""
    place, mask = random.randrange(len(data)), random.randint(1, 0xFF)
    changed = data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]
    return changed, f"byte {place} of {len(data)} ^ {mask:#04x}"


def file(path_of: Callable[[Resigner], Path]) -> Tamper:
    """Change a byte of an object as it lies in the folder."""

    def tamper(registry: Resigner, random: Random) -> str:
        path = path_of(registry)
        data, where = flip(path.read_bytes(), random)
        path.write_bytes(data)
        return where

    return tamper


def at(path: str) -> Tamper:
    """Change a byte of the object at a fixed path."""
    return file(lambda registry: registry.folder / path)


def record(change: Callable[[Document, Random], str]) -> Tamper:
    """Change the release record; index and timestamp are signed again."""

    def tamper(registry: Resigner, random: Random) -> str:
        said: list[str] = []
        registry.change_release(SKILL, lambda found: said.append(change(found, random)))
        return said[0]

    return tamper


def binary(*keys: str | int | None) -> Callable[[Document, Random], str]:
    """Change a byte of a base64 value; None in ``keys`` takes any item of a list."""

    def change(document: Document, random: Random) -> str:
        holder: Any = document
        path = [random.randrange(2) if key is None else key for key in keys]
        for key in path[:-1]:
            holder = holder[key]
        data, where = flip(base64.b64decode(holder[path[-1]]), random)
        holder[path[-1]] = base64.b64encode(data).decode()
        return f"{'/'.join(map(str, path))}: {where}"

    return change


def any_proof(document: Document, random: Random) -> str:
    """Change a byte of one hash of the inclusion proof."""
    return binary("proof", random.randrange(len(document["proof"])))(document, random)


def text(key: str) -> Callable[[Document, Random], str]:
    """Change a character of a verbatim text."""

    def change(document: Document, random: Random) -> str:
        return _character(document, key, random.randrange(len(document[key])), random)

    return change


def bound_entry(document: Document, random: Random) -> str:
    """Change a byte of the log entry outside of `UNBOUND`."""
    entry = document["entry"]
    free = {place for span in _spans(entry) for place in span}
    bound = [place for place in range(len(entry)) if place not in free]
    return _character(document, "entry", random.choice(bound), random)


def unbound_entry(document: Document, random: Random) -> str:
    """Change a digit of the entry's time: it stays an entry, of another moment."""
    entry, digits = document["entry"], "0123456789"
    begin = entry.index('"time":"') + len('"time":"')
    place = begin + random.choice([15, 17, 18])  # minutes and seconds
    other = random.choice([one for one in digits[:6] if one != entry[place]])
    document["entry"] = entry[:place] + other + entry[place + 1 :]
    return f"entry: {entry[place]} to {other} in its time"


def other_index(document: Document, random: Random) -> str:
    """Change a bit of the entry's place in the log."""
    document["index"] ^= 1 << random.randrange(4)
    return f"index: {document['index']}"


def _spans(entry: str) -> Iterator[range]:
    facts = json.loads(entry)
    for key in UNBOUND:
        written = f'"{key}":{json.dumps(facts[key])}'
        begin = entry.index(written)
        yield range(begin + len(key) + 3, begin + len(written))


def _character(document: Document, key: str, place: int, random: Random) -> str:
    whole, mask = document[key], random.randint(1, 0x7F)
    document[key] = whole[:place] + chr(ord(whole[place]) ^ mask) + whole[place + 1 :]
    return f"{key}: character {place} ({whole[place]!r}) ^ {mask:#04x}"


def timestamp(*keys: str | int | None) -> Tamper:
    """Change a byte of a value in the timestamp's envelope."""

    def tamper(registry: Resigner, random: Random) -> str:
        path = registry.folder / "index" / "timestamp"
        envelope = json.loads(path.read_bytes())
        where = binary(*keys)(envelope, random)
        path.write_text(json.dumps(envelope, separators=(",", ":"), sort_keys=True))
        return where

    return tamper


def index(*keys: str | int | None) -> Tamper:
    """Change a byte of a value in the index's envelope; bin, tile and timestamp follow it."""

    def tamper(registry: Resigner, random: Random) -> str:
        said: list[str] = []
        change = binary(*keys)
        registry.change_index(SKILL, lambda envelope: said.append(change(envelope, random)))
        return said[0]

    return tamper


def renamed_archive(registry: Resigner, random: Random) -> str:
    """Change a byte of the archive; the index is signed again over the changed one's hash."""
    said: list[str] = []

    def change(data: bytes) -> bytes:
        changed, where = flip(data, random)
        said.append(where)
        return changed

    registry.change_archive(SKILL, change)
    return said[0]


def crl(position: int) -> Tamper:
    """Change a byte of the list of the signing leaf's CA (0) or of the root (1)."""
    return file(lambda registry: registry.crl_paths()[position])


SIGNATURE = ("signatures", 0, "sig")
CHAIN = ("signatures", 0, "chain", None)

PARTS = (
    Part("timestamp-file", at("index/timestamp"), Check.TIMESTAMP_SIGNATURE,
         (Check.TIMESTAMP_CHAIN,)),
    Part("timestamp-payload", timestamp("payload"), Check.TIMESTAMP_SIGNATURE,
         (Check.TIMESTAMP_CHAIN,)),
    Part("timestamp-sig", timestamp(*SIGNATURE), Check.TIMESTAMP_SIGNATURE),
    Part("timestamp-certificates", timestamp(*CHAIN), Check.TIMESTAMP_CHAIN),
    Part("crl-of-the-registry-ca", crl(0), Check.CRL_SIGNATURE, remembers=False),
    Part("crl-of-the-root", crl(1), Check.CRL_SIGNATURE, remembers=False),
    Part("tile", file(Resigner.tile_path), Check.TILE),
    Part("bin", file(lambda registry: registry.bin_path(SKILL)), Check.BIN),
    Part("index-file", file(lambda registry: registry.index_path(SKILL)), Check.INDEX_HASH),
    Part("index-payload", index("payload"), Check.INDEX_SIGNATURE, (Check.INDEX_CHAIN,)),
    Part("index-sig", index(*SIGNATURE), Check.INDEX_SIGNATURE),
    Part("index-certificates", index(*CHAIN), Check.INDEX_CHAIN),
    Part("archive", file(lambda registry: registry.archive_path(SKILL, "skill")),
         Check.ARCHIVE_SHA256),
    Part("archive-that-the-index-names", renamed_archive, Check.ARCHIVE_FORM, (Check.SIGNATURE,)),
    Part("release-file", file(lambda registry: registry.archive_path(SKILL, "release")),
         Check.RELEASE),
    Part("signature", record(binary("signature")), Check.SIGNATURE),
    Part("chain", record(binary("chain", None)), Check.CHAIN, (Check.CHAIN_TIME,)),
    Part("log-entry", record(bound_entry), Check.LOG_ENTRY),
    Part("log-entry-time", record(unbound_entry), Check.LOG_PROOF),
    Part("log-index", record(other_index), Check.LOG_ENTRY),
    Part("proof", record(any_proof), Check.LOG_PROOF),
    Part("release-checkpoint", record(text("checkpoint")), Check.LOG_CHECKPOINT),
    Part("checkpoint", at("log/checkpoint"), Check.LOG_CHECKPOINT),
    Part("log-tile", file(Resigner.log_tile_path), Check.LOG_PROOF),
)  # fmt: skip
