"""The part that S3, GCS and Azure stores share: obstore's calls and the meaning of its errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotModifiedError
from obstore.store import AzureStore, GCSStore, S3Store

from skreg.adapters.blobs.keys import PLAIN, checked_key
from skreg.errors import BlobMissing, StorageUnavailable
from skreg.ports.blobs import BlobHeaders, BlobInfo


class ObjectBlobStore:
    """One bucket or container, reached through obstore.

    A write whose answer was lost is sent again, so ``put_if_absent`` may then say False for
    bytes that it wrote itself: callers compare contents where that matters.
    """

    def __init__(self, uri: str, store: S3Store | GCSStore | AzureStore) -> None:
        self.uri = uri
        self._store = store

    async def put(self, key: str, data: bytes, headers: BlobHeaders = PLAIN) -> None:
        """Write ``data``, replacing what is there."""
        with _answering(key):
            await obstore.put_async(
                self._store, checked_key(key), data, attributes=_attributes(headers)
            )

    async def put_if_absent(self, key: str, data: bytes, headers: BlobHeaders = PLAIN) -> bool:
        """Write ``data`` unless the key exists; True when this call wrote it."""
        try:
            with _answering(key):
                await obstore.put_async(
                    self._store,
                    checked_key(key),
                    data,
                    attributes=_attributes(headers),
                    mode="create",
                )
        except AlreadyExistsError:
            return False
        return True

    async def put_stream(
        self, key: str, chunks: AsyncIterator[bytes], headers: BlobHeaders = PLAIN
    ) -> int:
        """Write a stream in parts; the object appears when the stream has ended."""
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in chunks:
                size += len(chunk)
                yield chunk

        with _answering(key):
            await obstore.put_async(
                self._store, checked_key(key), counted(), attributes=_attributes(headers)
            )
        return size

    async def get(self, key: str) -> bytes:
        """Return the whole object."""
        with _answering(key):
            found = await obstore.get_async(self._store, checked_key(key))
            return bytes(await found.bytes_async())

    async def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return bytes ``start`` to ``end``, fewer where the object ends before."""
        try:
            with _answering(key):
                found = await obstore.get_range_async(
                    self._store, checked_key(key), start=start, end=max(end, start + 1)
                )
                return bytes(found)[: max(end - start, 0)]
        except StorageUnavailable:
            if start >= (await self.head(key)).size:
                return b""
            raise

    async def get_if_changed(self, key: str, etag: str) -> bytes | None:
        """Return the object, or None while its ETag is still ``etag``."""
        try:
            with _answering(key):
                found = await obstore.get_async(
                    self._store, checked_key(key), options={"if_none_match": etag}
                )
                return bytes(await found.bytes_async())
        except NotModifiedError:
            return None

    async def head(self, key: str) -> BlobInfo:
        """Return the object's size, ETag and time without reading it."""
        with _answering(key):
            return _info(await obstore.head_async(self._store, checked_key(key)))

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        """Yield the objects whose key begins with ``prefix``."""
        folder = prefix.rpartition("/")[0]
        with _answering(prefix):
            async for page in obstore.list(self._store, prefix=folder or None):
                for found in page:
                    if found["path"].startswith(prefix):
                        yield _info(found)

    async def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""
        try:
            with _answering(key):
                await obstore.delete_async(self._store, checked_key(key))
        except BlobMissing:
            return

    async def presign_get(self, key: str, seconds: int) -> str | None:
        """Return a URL that reads the object for ``seconds`` without any other credential."""
        with _answering(key):
            return await obstore.sign_async(
                self._store, "GET", checked_key(key), timedelta(seconds=seconds)
            )


def _attributes(headers: BlobHeaders) -> obstore.Attributes:
    attributes: obstore.Attributes = {"Content-Type": headers.content_type}
    if headers.cache_control is not None:
        attributes["Cache-Control"] = headers.cache_control
    return attributes


def _info(found: obstore.ObjectMeta) -> BlobInfo:
    return BlobInfo(
        key=found["path"],
        size=found["size"],
        etag=found["e_tag"],
        modified=found["last_modified"],
    )


@contextmanager
def _answering(key: str) -> Iterator[None]:
    try:
        yield
    except (AlreadyExistsError, NotModifiedError):
        raise
    except FileNotFoundError as error:
        raise BlobMissing("The object does not exist.", why=f"No object has key {key!r}.") from (
            error
        )
    except BaseError as error:
        raise StorageUnavailable(
            "The object store did not do what was asked.",
            why=f"{key}: {str(error).splitlines()[0][:300]}",
            fix="Check that the bucket exists, that this identity may use it, and its status.",
        ) from error
