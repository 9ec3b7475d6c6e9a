"""Small writers that every step shares: right headers, bounded concurrency, safe to run again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from skreg.errors import PublishedBytesDiffer, SkregError
from skreg.ports.blobs import BlobHeaders, BlobStore
from skreg.publish.headers import headers_for, path_class

CONCURRENT_WRITES = 16


@dataclass(frozen=True, slots=True)
class BlobObject:
    """One object to write: its key in the read plane and its bytes."""

    key: str
    data: bytes


def read_plane_headers(key: str) -> BlobHeaders:
    """Return the headers that ``key`` is written with.

    Raises:
        SkregError: no path of the read plane has this form; nothing would serve the object.
    """
    if path_class(key) is None:
        raise SkregError(
            "An object was about to be written where no reader looks.",
            why=f"{key!r} is no path of the static read plane.",
            fix="Report this; the path is built by the registry itself.",
        )
    return headers_for(key)


async def replace(blobs: BlobStore, item: BlobObject) -> None:
    """Write an object that changes under its name, such as the timestamp."""
    await blobs.put(item.key, item.data, read_plane_headers(item.key))


async def write_once(blobs: BlobStore, item: BlobObject) -> bool:
    """Write an object whose bytes its key already fixes; True when this call wrote it."""
    return await blobs.put_if_absent(item.key, item.data, read_plane_headers(item.key))


async def write_same(blobs: BlobStore, item: BlobObject) -> None:
    """Write an object that must never change; a second run finds its own bytes.

    Raises:
        PublishedBytesDiffer: other bytes stand under the key.
    """
    if await write_once(blobs, item) or await blobs.get(item.key) == item.data:
        return
    raise PublishedBytesDiffer(
        "Other bytes are already published under this name.",
        why=f"{item.key} exists and differs; published bytes never change.",
        fix="Compare the object with the database row; restore the one that the log names.",
    )


async def write_all(blobs: BlobStore, items: Iterable[BlobObject], *, once: bool) -> None:
    """Write many objects, a few at a time.

    After a failure nothing new is begun, what was begun has ended, and the failure is raised.

    Args:
        items: may be a generator; only ``CONCURRENT_WRITES`` objects are held at once.
        once: the keys are content addresses, so an existing object is left alone.
    """
    rest = iter(items)
    while batch := list(islice(rest, CONCURRENT_WRITES)):
        write = write_once if once else replace
        done = await asyncio.gather(*(write(blobs, item) for item in batch), return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result
