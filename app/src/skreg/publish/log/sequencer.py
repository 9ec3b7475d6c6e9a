"""The sequencer's one step: publish the log as far as the database has entries for it.

Entries and tiles are written first, the checkpoint last. A killed run leaves objects that no
checkpoint covers; the next run writes them again. Only one run may go on at a time (the caller
holds a lock), and nothing is signed of which the published checkpoint is not a prefix.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from skillpkg.crypto import note as notes
from skillpkg.crypto.checkpoint import Checkpoint, format_checkpoint, open_checkpoint
from skillpkg.crypto.merkle import EMPTY_ROOT, leaf_hash, verify_inclusion
from skillpkg.crypto.tiles import WIDTH, ReadTile, prove_inclusion, root_from_tiles
from skillpkg.errors import VerificationRefused
from skreg.errors import BlobMissing, LogForkRefused, LogUnreadable
from skreg.ports.blobs import BlobStore
from skreg.publish.log.published import PublishedTiles
from skreg.publish.log.tiles import LOG, LogTile, bundle_start, tiles_for
from skreg.publish.writing import BlobObject, replace, write_all
from skreg.signing import VerifiedSigner

CHECKPOINT = LOG + "checkpoint"
BATCH = 4 * WIDTH
"""Entries held at once; a multiple of the tile's width, so that no partial tile is in between."""

EntriesFrom = Callable[[int, int], Awaitable[Sequence[bytes]]]
"""``await entries_from(a, b)`` returns the bytes of the entries a to b (exclusive), all of them."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys of one log shard.

    Attributes:
        origin: the shard's name, which is the name of its keys too.
        signer: the key whose line counts.
        witnessed: the sealed software key, whose line lets public witnesses cosign.
        former: vkeys that may have signed the checkpoint that is published now.
    """

    origin: str
    signer: VerifiedSigner
    witnessed: Ed25519PrivateKey | None = None
    former: tuple[str, ...] = ()

    def verifiers(self) -> tuple[notes.Verifier, ...]:
        """Return the keys by which a published checkpoint is believed."""
        own = notes.vkey_ecdsa(self.origin, self.signer.spki())
        return tuple(notes.parse_vkey(vkey) for vkey in (own, *self.former))

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Return the checkpoint as a signed note; blocks while the backend signs."""
        text = format_checkpoint(checkpoint)
        data = text.encode("utf-8")
        key_id = notes.ecdsa_key_id(self.signer.spki())
        signature = self.signer.sign(data, "checkpoint")
        lines = [notes.NoteSignature(self.origin, key_id, signature)]
        if self.witnessed is not None:
            key_id = notes.ed25519_key_id(
                self.origin, self.witnessed.public_key().public_bytes_raw()
            )
            lines.append(notes.NoteSignature(self.origin, key_id, self.witnessed.sign(data)))
        return notes.format_note(notes.Note(text, tuple(lines)))


async def integrate(blobs: BlobStore, keys: LogKeys, entries_from: EntriesFrom, size: int) -> bytes:
    """Publish the log up to ``size`` entries; returns the checkpoint's note.

    With nothing to add, the note that is published is returned as it stands.

    Args:
        entries_from: gives entries from the database; they must never change afterwards.
        size: entries that the database has committed.

    Raises:
        LogForkRefused: the database does not continue the published log, for example because it
            was restored from a backup.
        LogUnreadable: the published log does not verify.
        StorageUnavailable, SigningUnavailable: try again; nothing is lost.
    """
    note = await read_note(blobs)
    old = _open(note, keys)
    if size < old.size:
        raise _fork(f"The published log has {old.size} entries, the database {size}.")
    tiles = PublishedTiles(blobs)
    tail = await _continued(tiles, old, entries_from)
    if note is not None and size == old.size:
        return note
    await _write_tiles(blobs, tiles, _batches(tail, entries_from, old.size, size))
    root = root_from_tiles(size, tiles.read) if size else EMPTY_ROOT
    signed = await asyncio.to_thread(keys.sign, Checkpoint(keys.origin, size, root))
    if await read_note(blobs) != note:
        raise _fork("Another checkpoint was published while this one was made.")
    await replace(blobs, BlobObject(CHECKPOINT, signed))
    return signed


async def read_note(blobs: BlobStore) -> bytes | None:
    """Return the published checkpoint's note, None before the first."""
    try:
        return await blobs.get(CHECKPOINT)
    except BlobMissing:
        return None


def _open(note: bytes | None, keys: LogKeys) -> Checkpoint:
    if note is None:
        return Checkpoint(keys.origin, 0, EMPTY_ROOT)
    try:
        checkpoint = open_checkpoint(note, keys.verifiers())
    except VerificationRefused as error:
        raise _unreadable(error.why) from error
    if checkpoint.origin != keys.origin:
        raise _unreadable(f"It is of {checkpoint.origin}, not of {keys.origin}.")
    return checkpoint


async def _continued(
    tiles: PublishedTiles, old: Checkpoint, entries_from: EntriesFrom
) -> list[bytes]:
    """Return the published entries of the last bundle, once the database is known to hold them.

    The proof of the last entry runs over all hashes beside it, so the last tile is as genuine as
    the signed root. A database that was restored differs from its first new entry on, its last
    published one included: times and per-package numbers are in every entry.
    """
    if old.size == 0:
        return []
    start = bundle_start(old.size - 1)
    tail = list(await entries_from(start, old.size))
    hashes = [leaf_hash(entry) for entry in tail]

    def edge(read: ReadTile) -> tuple[bytes, bytes, list[bytes]]:
        tile = read(0, start // WIDTH, old.size - start)
        return root_from_tiles(old.size, read), tile, prove_inclusion(old.size - 1, old.size, read)

    try:
        root, tile, proof = await tiles.given(edge)
    except (BlobMissing, ValueError) as error:
        raise _unreadable(f"A tile under it is missing or cut: {error}") from error
    if root != old.root or not verify_inclusion(tile[-32:], old.size - 1, old.size, proof, root):
        raise _unreadable("The tiles under it do not add up to its root.")
    if b"".join(hashes) != tile:
        raise _fork(f"Its entries {start} to {old.size - 1} are not those that are published.")
    return tail


async def _batches(
    tail: list[bytes], entries_from: EntriesFrom, old_size: int, size: int
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Yield (size before, entries from that size's bundle on) until ``size`` is reached."""
    at, held = old_size, tail[: old_size % WIDTH]
    while at < size:
        end = min(size, bundle_start(at) + BATCH)
        entries = list(await entries_from(at, end))
        if len(entries) != end - at:
            raise _unreadable(f"The database gave {len(entries)} entries for {at} to {end - 1}.")
        yield at, held + entries
        at, held = end, []


async def _write_tiles(
    blobs: BlobStore,
    tiles: PublishedTiles,
    batches: AsyncIterator[tuple[int, list[bytes]]],
) -> None:
    """Write what the batches add; of the partial tiles only those that the end still has."""
    partial: dict[int | None, LogTile] = {}
    size = 0
    async for at, entries in batches:
        made = tiles_for(at, entries, tiles.read)
        size = bundle_start(at) + len(entries)
        for tile in made:
            if not tile.full:
                partial[tile.level] = tile
                tiles.hold(tile)
        await write_all(blobs, (tile.to_object() for tile in made if tile.full), once=False)
    edge = [tile.to_object() for tile in partial.values() if tile.is_edge_of(size)]
    await write_all(blobs, edge, once=False)


def _fork(why: str) -> LogForkRefused:
    return LogForkRefused(
        "The database does not continue the published log; nothing was signed.",
        why=why,
        fix="Most likely the database was restored from a backup. Restore a newer one, or read "
        "the missing entries back from the published bundles, before anything is published.",
    )


def _unreadable(why: str) -> LogUnreadable:
    return LogUnreadable(
        "The published checkpoint cannot be built upon; nothing was signed.",
        why=why,
        fix="Compare the store's log/ folder with a backup or a mirror, and find out who wrote "
        "to it. A log key that was changed must be named among the former ones.",
    )
