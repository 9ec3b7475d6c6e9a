"""A read plane as a registry writes it: API and worker on a real database, then only its files.

It is made once in a process: the examples are published in two batches on ``PUBLISHED_AT``; then
the same worker runs once more ``RENEWED_AFTER`` later, when the first signing leaf has expired.
Both states are kept as plain folders; whoever changes one works on a copy.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from zlib_ng import zlib_ng

from skillpkg.archive import gzip_layer
from skillpkg.archive.limits import DEFAULT
from skillpkg.archive.pack import pack_folder
from skreg.pki.state import der
from skreg.publish import pipeline_pki
from support.asgi import AsgiClient
from support.database import database_server
from support.memory import FixedClock
from support.registry import Registry, client_of, signed_up

DAY = timedelta(days=1)
PUBLISHED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RENEWED_AFTER = 100 * DAY
NAMESPACE = "demo"
LAST = "release-notes"
"""The skill of the second batch: it depends on one of the first, whose checkpoint is smaller."""
OTHER_COMPRESSOR = "sql-explain-reader"
"""The skill whose archive zlib-ng has compressed."""

_EXAMPLES = Path(__file__).parents[2] / "examples"
_GZIP = 31  # as zlib names a gzip member with a window of 32 KiB


@dataclass(frozen=True)
class Published:
    """A registry that has stopped.

    Attributes:
        folder: the read plane on the day of publication.
        renewed: the same after the worker's run ``RENEWED_AFTER`` later.
        keys: its five keys, ``root.pem`` to ``log.pem``.
        fingerprint: what clients pin.
        publisher_ca: the certificate (DER) of the CA that has issued no leaf yet.
        sha256: of each archive, by the skill's name.
    """

    folder: Path
    renewed: Path
    keys: Path
    fingerprint: str
    publisher_ca: bytes
    sha256: Mapping[str, str]

    def copy(self, destination: Path, *, renewed: bool = False) -> Path:
        """Copy the read plane, as a mirror would; returns the new folder."""
        return shutil.copytree(self.renewed if renewed else self.folder, destination)

    def overlay(self, destination: Path, *, renewed: bool) -> None:
        """Copy the read plane over another state of it, as a later run of a mirror does."""
        source = self.renewed if renewed else self.folder
        shutil.copytree(source, destination, dirs_exist_ok=True)


@cache
def published() -> Published:
    """Return the registry of this process; its folders go when the process ends."""
    keeper = tempfile.TemporaryDirectory(prefix="skreg-published-")
    _KEPT.append(keeper)
    root = Path(keeper.name)
    with database_server() as server, server.fresh() as url:
        return asyncio.run(_publish(Registry(url, root / "registry"), root))


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


async def _publish(registry: Registry, root: Path) -> Published:
    clock = FixedClock(PUBLISHED_AT)
    archives = {name: _archive(name) for name in _names()}
    await registry.work(clock)  # the ceremony
    container = registry.api()
    try:
        publisher = await signed_up(client_of(container), NAMESPACE)
        first = [name for name in archives if name != LAST]
        for batch in (first, [LAST]):
            await _upload(publisher, {name: archives[name] for name in batch})
            await registry.work(clock)
            clock.now += timedelta(hours=1)
    finally:
        await container.close()
    folder = shutil.copytree(registry.storage, root / "published")
    clock.now = PUBLISHED_AT + RENEWED_AFTER
    await registry.work(clock)
    return Published(
        folder=folder,
        renewed=registry.storage,
        keys=registry.folder / "keys",
        fingerprint=root_fingerprint(folder),
        publisher_ca=await _publisher_ca(registry),
        sha256={name: hashlib.sha256(data).hexdigest() for name, data in archives.items()},
    )


async def _publisher_ca(registry: Registry) -> bytes:
    container = registry.worker()
    try:
        async with container.pool.connect() as connection:
            state = await pipeline_pki.load(connection)
    finally:
        await container.close()
    assert state is not None
    return der(state.publisher_ca.certificate)


def root_fingerprint(folder: Path) -> str:
    """Return what a read plane says its root is; who wrote it here is known."""
    known = json.loads((folder / ".well-known" / "skreg.json").read_bytes())
    return str(known["root_fingerprints"][0])


async def _upload(publisher: AsgiClient, archives: Mapping[str, bytes]) -> None:
    for name, data in archives.items():
        answer = await publisher.upload(f"/v1/packages/{NAMESPACE}/{name}/publish", data)
        assert answer.status == 202, answer.body


def _names() -> Sequence[str]:
    return sorted(path.parent.name for path in _EXAMPLES.glob("*/SKILL.md"))


def _archive(name: str) -> bytes:
    data = pack_folder(_EXAMPLES / name, namespace=NAMESPACE).archive
    return recompressed(data) if name == OTHER_COMPRESSOR else data


def recompressed(archive: bytes) -> bytes:
    """Return an archive with the same tar, compressed by zlib-ng."""
    compressor = zlib_ng.compressobj(9, zlib_ng.DEFLATED, _GZIP)
    tar = gzip_layer.inflate(archive, DEFAULT)
    return bytes(compressor.compress(tar) + compressor.flush())
