"""Uploaded bytes: in staging before the row that promises them, and gone when it was refused.

Two uploads of the same bytes may race, one refused and one taken. Who wrote the bytes is the only
one who removes them; who found them there keeps them, under a lock, and looks again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import structlog

from skillpkg.archive.reader import Archive
from skreg.bootstrap import ApiContainer
from skreg.db import locks
from skreg.db.pool import Connection, writing
from skreg.db.queries import uploads
from skreg.errors import SkregError
from skreg.publish.staging import staging_key

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes on their way into staging; ``written`` tells whether it was this upload's doing."""

    container: ApiContainer
    archive: Archive
    data: bytes
    written: asyncio.Future[bool]

    @property
    def key(self) -> str:
        """Where they are."""
        return staging_key(self.archive.sha256)

    async def keep(self, connection: Connection) -> None:
        """Return once the bytes are durable and stay; in the transaction that takes them."""
        if not await self.written:
            await locks.keep_staged(connection, self.archive.sha256)
            await self.container.staging.put_if_absent(self.key, self.data)


@asynccontextmanager
async def staged(container: ApiContainer, archive: Archive, data: bytes) -> AsyncIterator[Staged]:
    """Write an archive into staging while the block runs; remove it when the block refuses."""
    put = container.staging.put_if_absent(staging_key(archive.sha256), data)
    found = Staged(container, archive, data, asyncio.ensure_future(put))
    try:
        yield found
    except SkregError as refusal:
        if refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            await _remove(found)
        raise
    finally:
        await asyncio.gather(found.written, return_exceptions=True)


async def _remove(found: Staged) -> None:
    """Remove what this upload wrote, unless a version was made of the same bytes meanwhile."""
    manifest, sha256 = found.archive.manifest, found.archive.sha256
    named = (str(manifest.namespace), str(manifest.name), str(manifest.version))
    try:
        if not await found.written:
            return
        async with writing(found.container.pool) as connection:
            await locks.may_remove_staged(connection, sha256)
            if not await uploads.is_promised(connection, *named, sha256):
                await found.container.staging.delete(found.key)
    except SkregError as error:
        _log.warning("refused-upload-left", sha256=sha256, error=str(error))
