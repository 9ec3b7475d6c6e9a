"""Writes and withdraws what stands under ``/packages``; every call may be repeated."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.ports.blobs import BlobStore
from skreg.publish.writing import BlobObject, write_once, write_same


@dataclass(frozen=True, slots=True)
class ArchivePlace:
    """Which archive: its version and the hexadecimal SHA-256 of its bytes."""

    namespace: str
    name: str
    version: str
    sha256: str

    def key(self, suffix: str) -> str:
        """Return the object key with ``.skill``, ``.sig`` or ``.release``."""
        return f"packages/{self.namespace}/{self.name}/{self.version}/{self.sha256}{suffix}"


async def write_archive(blobs: BlobStore, place: ArchivePlace, archive: bytes) -> None:
    """Write the archive's bytes.

    Raises:
        PublishedBytesDiffer: other bytes stand under its hash.
    """
    await write_same(blobs, BlobObject(place.key(".skill"), archive))


async def write_signature(blobs: BlobStore, place: ArchivePlace, signature: bytes) -> bytes:
    """Write the detached signature; returns the one that stands.

    An earlier run may have made it: signatures differ each time, and what is published stays.
    """
    return await _write_first(blobs, place.key(".sig"), signature)


async def write_release(blobs: BlobStore, place: ArchivePlace, release: bytes) -> bytes:
    """Write the release record; returns the one that stands: hash that one into the index."""
    return await _write_first(blobs, place.key(".release"), release)


async def withdraw_archive(blobs: BlobStore, place: ArchivePlace) -> None:
    """Delete the archive of a takedown; signature and record stay as evidence."""
    await blobs.delete(place.key(".skill"))


async def _write_first(blobs: BlobStore, key: str, data: bytes) -> bytes:
    if await write_once(blobs, BlobObject(key, data)):
        return data
    return await blobs.get(key)
