"""Where the bytes come from: plain system calls for ``file://``, the port for every other store.

A local store is read without its adapter because that is what keeps a request at tens of
microseconds and the object store's library out of the first second of the process.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from skreg.errors import BlobMissing, StorageUnavailable
from skreg.ports.blobs import BlobStore

CHUNK: Final = 256 * 1024
_ABSENT: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
_OPEN_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC

Stamp = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Size in bytes, and a stamp that differs once the object has changed."""

    size: int
    stamp: Stamp


class Source(Protocol):
    """One store, as the read plane sees it; raises ``BlobMissing`` and ``StorageUnavailable``."""

    suspends: bool
    """False when no call waits, so that nothing is gained by sharing one among requests."""

    async def facts(self, key: str) -> Facts:
        """Return size and stamp without reading the object."""
        ...

    async def read(self, key: str) -> bytes:
        """Return the whole object."""
        ...

    def chunks(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield bytes ``start`` to ``end`` (exclusive) in pieces of at most ``CHUNK``."""
        ...

    def local_path(self, key: str) -> str | None:
        """Return a path that the web server itself can send, None where there is none."""
        ...


def source_of(store: BlobStore) -> Source:
    """Return the quickest source for a store, told by its URI."""
    url = urlsplit(store.uri)
    if url.scheme == "file":
        return FileSource(unquote(url.path))
    return StoreSource(store)


class FileSource:
    """Objects as files under one folder, the key being the relative path."""

    suspends = False

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/") + "/"

    async def facts(self, key: str) -> Facts:
        """Return size and stamp from one ``lstat``; a link or a folder is no object."""
        try:
            found = os.lstat(self._root + key)
        except OSError as error:
            raise self._refusal(key, error) from error
        if not stat.S_ISREG(found.st_mode):
            raise missing(key)
        return Facts(found.st_size, (found.st_mtime_ns, found.st_size, found.st_ino))

    async def read(self, key: str) -> bytes:
        """Return the file's bytes; small files only, this does not leave the event loop."""
        try:
            return _whole(self._root + key)
        except OSError as error:
            raise self._refusal(key, error) from error

    async def chunks(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the range, each piece read in a thread: a large file may be on a slow disk."""
        try:
            handle = os.open(self._root + key, _OPEN_FLAGS)
        except OSError as error:
            raise self._refusal(key, error) from error
        try:
            while start < end:
                piece = await asyncio.to_thread(os.pread, handle, min(CHUNK, end - start), start)
                if not piece:
                    raise StorageUnavailable(f"The object {key} is shorter than it was.")
                start += len(piece)
                yield piece
        finally:
            os.close(handle)

    def local_path(self, key: str) -> str | None:
        """Return the file's path."""
        return self._root + key

    def _refusal(self, key: str, error: OSError) -> BlobMissing | StorageUnavailable:
        # A missing root is an unmounted disk: to call every object absent would be a lie.
        if error.errno in _ABSENT and os.path.isdir(self._root):  # noqa: PTH112 (a string is kept)
            return missing(key)
        return StorageUnavailable(
            "The object store cannot be read.",
            why=f"{error.strerror} for {key}",
            fix="Check that the storage folder is mounted and readable by the service.",
        )


class StoreSource:
    """Any other store, through the port."""

    suspends = True

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    async def facts(self, key: str) -> Facts:
        """Return size and stamp from the store's own ETag and date."""
        info = await self._store.head(key)
        return Facts(info.size, (info.etag, info.modified, info.size))

    async def read(self, key: str) -> bytes:
        """Return the whole object."""
        return await self._store.get(key)

    async def chunks(self, key: str, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Yield the range with one request to the store for each piece."""
        while start < end:
            piece = await self._store.get_range(key, start, min(start + CHUNK, end))
            if not piece:
                raise StorageUnavailable(f"The object {key} is shorter than it was.")
            start += len(piece)
            yield piece

    def local_path(self, key: str) -> str | None:
        """Return None: the web server cannot read a remote store."""
        return None


def _whole(path: str) -> bytes:
    handle = os.open(path, _OPEN_FLAGS)
    try:
        pieces = iter(lambda: os.read(handle, CHUNK), b"")
        return b"".join(pieces)
    finally:
        os.close(handle)


def missing(key: str) -> BlobMissing:
    """Return the error of a key under which nothing is to be read."""
    return BlobMissing(
        f"There is no object {key}.",
        fix="Check the spelling; a withdrawn version stays in the index without its archive.",
    )
