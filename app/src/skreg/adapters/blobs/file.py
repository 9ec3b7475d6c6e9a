"""Objects as files in a folder, ``file:///folder``: safe between processes and across kills."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from skreg.adapters.blobs.keys import PLAIN, RESERVED, checked_key
from skreg.adapters.disk import make_folder, sync_folder, write_synced
from skreg.errors import BlobMissing, ConfigurationInvalid, StorageUnavailable
from skreg.ports.blobs import BlobHeaders, BlobInfo

Result = TypeVar("Result")
ABANDONED_AFTER = 24 * 3600
"""Seconds after which an unfinished write belongs to a process that was killed."""


def open_store(uri: str) -> FileBlobStore:
    """Open the folder that ``uri`` names, creating it.

    Raises:
        ConfigurationInvalid: the URI has no absolute path.
        StorageUnavailable: the folder cannot be made or written.
    """
    parts = urlsplit(uri)
    root = Path(unquote(parts.path))
    if parts.netloc or not root.is_absolute():
        raise ConfigurationInvalid(
            "The file store's URI needs an absolute path.",
            why=f"It is {uri!r}.",
            fix="Write it as file:///absolute/folder.",
        )
    store = FileBlobStore(root)
    store.prepare()
    return store


class FileBlobStore:
    """A folder of objects; headers are not kept, the ETag changes with every write."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.uri = root.as_uri()

    def prepare(self) -> None:
        """Create the folder and remove what killed processes left half written.

        A folder that this process may only read is left as it is.
        """
        if self.root.is_dir() and not os.access(self.root, os.W_OK):
            return
        with _as_unavailable():
            writing = self.root / RESERVED
            writing.mkdir(parents=True, exist_ok=True)
            for left in writing.iterdir():
                with suppress(FileNotFoundError):
                    if left.stat().st_mtime < time.time() - ABANDONED_AFTER:
                        left.unlink()

    def path_of(self, key: str) -> Path:
        """Return where the object stands, for a server that sends files itself.

        Raises:
            BlobMissing: no object can have this key.
        """
        return self.root / checked_key(key)

    async def put(self, key: str, data: bytes, headers: BlobHeaders = PLAIN) -> None:
        """Write ``data`` durably, replacing what is there."""
        await _in_thread(lambda: self._write(key, data))

    async def put_if_absent(self, key: str, data: bytes, headers: BlobHeaders = PLAIN) -> bool:
        """Write ``data`` durably unless the key exists; of several writers one gets True."""
        return await _in_thread(lambda: self._write_absent(key, data))

    async def put_stream(
        self, key: str, chunks: AsyncIterator[bytes], headers: BlobHeaders = PLAIN
    ) -> int:
        """Write a stream; the object appears when the stream has ended and is on disk."""
        path = self.path_of(key)
        temporary = self._temporary()
        size = 0
        try:
            file = await _in_thread(lambda: temporary.open("xb"))
            with file:
                async for chunk in chunks:
                    size += await _in_thread(partial(file.write, chunk))
                await _in_thread(lambda: _flush(file))
            await _in_thread(lambda: _replace(temporary, path))
        finally:
            temporary.unlink(missing_ok=True)
        return size

    async def get(self, key: str) -> bytes:
        """Return the whole object."""
        path = self.path_of(key)
        return await _in_thread(lambda: _read(path, key))

    async def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return bytes ``start`` to ``end``, fewer where the object ends before."""
        path = self.path_of(key)
        return await _in_thread(lambda: _read(path, key, start, end - start))

    async def get_if_changed(self, key: str, etag: str) -> bytes | None:
        """Return the object, or None while its ETag is still ``etag``."""
        path = self.path_of(key)
        return await _in_thread(lambda: _read_changed(path, key, etag))

    async def head(self, key: str) -> BlobInfo:
        """Return the object's size, ETag and time without reading it."""
        path = self.path_of(key)
        return await _in_thread(lambda: _head(path, key))

    async def list(self, prefix: str) -> AsyncIterator[BlobInfo]:
        """Yield the objects whose key begins with ``prefix``."""
        for info in await _in_thread(lambda: list(self._walk(prefix))):
            yield info

    async def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""
        path = self.path_of(key)
        await _in_thread(lambda: path.unlink(missing_ok=True))

    async def presign_get(self, key: str, seconds: int) -> str | None:
        """Return None: files have no address that others can read."""
        return None

    def _temporary(self) -> Path:
        return self.root / RESERVED / secrets.token_hex(16)

    def _write(self, key: str, data: bytes) -> None:
        path = self.path_of(key)
        with self._written(data) as temporary:
            _replace(temporary, path)

    def _write_absent(self, key: str, data: bytes) -> bool:
        path = self.path_of(key)
        if path.exists():
            return False
        with self._written(data) as temporary:
            return _link(temporary, path)

    @contextmanager
    def _written(self, data: bytes) -> Iterator[Path]:
        temporary = self._temporary()
        try:
            write_synced(temporary, data)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    def _walk(self, prefix: str) -> Iterator[BlobInfo]:
        start = self.root / prefix.rpartition("/")[0]
        for folder, folders, names in os.walk(start):
            if RESERVED in folders and Path(folder) == self.root:
                folders.remove(RESERVED)
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self.root).as_posix()
                if key.startswith(prefix):
                    with suppress(BlobMissing):
                        yield _head(path, key)


async def _in_thread(work: Callable[[], Result]) -> Result:
    def guarded() -> Result:
        with _as_unavailable():
            return work()

    return await asyncio.to_thread(guarded)


@contextmanager
def _as_unavailable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(
            "The file store cannot be read or written.",
            why=str(error),
            fix="Check the disk's space and the folder's owner.",
        ) from error


@contextmanager
def _as_missing(key: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise BlobMissing("The object does not exist.", why=f"No object has key {key!r}.") from (
            error
        )


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _replace(temporary: Path, path: Path) -> None:
    make_folder(path.parent)
    temporary.replace(path)
    sync_folder(path.parent)


def _link(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except FileNotFoundError:
        make_folder(path.parent)
        return _link(temporary, path)
    sync_folder(path.parent)
    return True


def _read(path: Path, key: str, start: int = 0, size: int = -1) -> bytes:
    with _as_missing(key), path.open("rb") as file:
        file.seek(start)
        return file.read(size)


def _read_changed(path: Path, key: str, etag: str) -> bytes | None:
    with _as_missing(key), path.open("rb") as file:
        return None if _etag(os.fstat(file.fileno())) == etag else file.read()


def _head(path: Path, key: str) -> BlobInfo:
    with _as_missing(key):
        facts = path.stat()
        if path.is_dir():
            raise IsADirectoryError(key)
    modified = datetime.fromtimestamp(facts.st_mtime, UTC)
    return BlobInfo(key=key, size=facts.st_size, etag=_etag(facts), modified=modified)


def _etag(facts: os.stat_result) -> str:
    return f'"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"'
