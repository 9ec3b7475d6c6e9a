"""The object store port: content under flat keys such as ``packages/acme/demo/1.0.0/….skill``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """What a store knows of one object without reading it; ``size`` is in bytes."""

    key: str
    size: int
    etag: str | None
    modified: datetime


@dataclass(frozen=True, slots=True)
class BlobHeaders:
    """The HTTP headers an object is stored with; stores without attributes ignore them."""

    content_type: str = "application/octet-stream"
    cache_control: str | None = None


class BlobStore(Protocol):
    """Read, write and list objects.

    Every method raises ``StorageUnavailable`` when the store does not answer; reads raise
    ``BlobMissing`` for a key that is not there.
    """

    uri: str

    async def put(self, key: str, data: bytes, headers: BlobHeaders = ...) -> None:
        """Write ``data``, replacing what is there; visible whole or not at all."""
        ...

    async def put_if_absent(self, key: str, data: bytes, headers: BlobHeaders = ...) -> bool:
        """Write ``data`` unless the key exists; True when this call wrote it."""
        ...

    async def put_stream(
        self, key: str, chunks: AsyncIterator[bytes], headers: BlobHeaders = ...
    ) -> int:
        """Write a stream (multipart where the store has it); returns its size in bytes."""
        ...

    async def get(self, key: str) -> bytes:
        """Return the whole object."""
        ...

    async def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return bytes ``start`` to ``end`` (exclusive)."""
        ...

    async def get_if_changed(self, key: str, etag: str) -> bytes | None:
        """Return the object, or None while its ETag is still ``etag``."""
        ...

    async def head(self, key: str) -> BlobInfo:
        """Return what is known of the object without reading it."""
        ...

    def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        """Yield the objects whose key begins with ``prefix``, in no promised order."""
        ...

    async def delete(self, key: str) -> None:
        """Remove the object; a key that is not there is no error."""
        ...

    async def presign_get(self, key: str, seconds: int) -> str | None:
        """Return a URL that reads the object for ``seconds``, None where stores have none."""
        ...
