"""The timestamp: the one signed, short-lived object that commits to the whole index."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from skillpkg import canonical_json
from skillpkg.canonical_json import JsonObject
from skillpkg.crypto import dsse, fields
from skillpkg.crypto.dsse import TIMESTAMP_TYPE
from skillpkg.crypto.encoding import format_time
from skreg.errors import BlobMissing
from skreg.ports.blobs import BlobStore
from skreg.publish.index.paths import TIMESTAMP
from skreg.publish.index.tree import TreeState
from skreg.publish.sign.leaf import SigningLeaf
from skreg.publish.writing import BlobObject, replace

SCHEMA: Final = "skreg.timestamp/1"
VALID_FOR: Final = timedelta(hours=72)
RENEWED_AFTER: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class TimestampFacts:
    """What a timestamp commits to, apart from when.

    Attributes:
        registry: the registry id.
        checkpoint_size: entries of the published checkpoint.
        crl_numbers: CA id to the number of its published CRL.
    """

    registry: str
    tree: TreeState
    checkpoint_size: int
    crl_numbers: Mapping[str, int]

    def payload(self, now: datetime) -> JsonObject:
        """Return the payload of a timestamp issued now."""
        return {
            "schema": SCHEMA,
            "registry": self.registry,
            "issued_at": format_time(now),
            "expires_at": format_time(now + VALID_FOR),
            "prefix_length": self.tree.prefix_length,
            "root": self.tree.root.hex(),
            "checkpoint_size": self.checkpoint_size,
            "crl_numbers": dict(self.crl_numbers),
        }


def is_due(present: bytes | None, facts: TimestampFacts, leaf: SigningLeaf, now: datetime) -> bool:
    """Tell whether ``present`` must be replaced.

    It must when it says other facts, was signed under another leaf, is six hours old, claims to
    come from the future, or cannot be read.
    """
    try:
        envelope = dsse.parse(present or b"")
        payload = canonical_json.loads(envelope.payload)
        issued = fields.moment(payload, "issued_at")
    except ValueError:
        return True
    unchanged = payload == facts.payload(issued) and envelope.signatures[0].chain == leaf.chain
    return not unchanged or not timedelta(0) <= now - issued < RENEWED_AFTER


async def publish_timestamp(
    blobs: BlobStore, facts: TimestampFacts, leaf: SigningLeaf, now: datetime
) -> bytes:
    """Sign and write the timestamp if it is due; returns the one that stands now.

    Call it last: everything that ``facts`` commits to must be written.

    Raises:
        StorageUnavailable, SigningUnavailable: try again; the one before stays valid.
    """
    present = await read_timestamp(blobs)
    if present is not None and not is_due(present, facts, leaf, now):
        return present
    signed = await asyncio.to_thread(leaf.sign_document, TIMESTAMP_TYPE, facts.payload(now))
    await replace(blobs, BlobObject(TIMESTAMP, signed))
    return signed


async def read_timestamp(blobs: BlobStore) -> bytes | None:
    """Return the published timestamp, None before the first."""
    try:
        return await blobs.get(TIMESTAMP)
    except BlobMissing:
        return None


def committed_tree(timestamp: bytes) -> TreeState:
    """Return the tree that a published timestamp commits to; its signature is not checked.

    Raises:
        ValueError: it cannot be read.
    """
    payload = canonical_json.loads(dsse.parse(timestamp).payload)
    length = fields.integer(payload, "prefix_length", least=1, most=8)
    return TreeState(length, bytes.fromhex(fields.digest(payload, "root")))
