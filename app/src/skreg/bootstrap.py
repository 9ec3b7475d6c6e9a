"""The one place that turns settings into parts: which adapter stands behind which port.

The API's container has no signer and no way to get one; only ``open_worker`` opens keys.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skreg.settings import ApiSettings, WorkerSettings

if TYPE_CHECKING:
    import procrastinate
    from sqlalchemy.ext.asyncio import AsyncEngine

    from skreg.api.services.downloads import DownloadCounts
    from skreg.api.services.passwords import Passwords
    from skreg.api.services.sessions import Sessions
    from skreg.pki.keys import PkiKeys
    from skreg.ports.blobs import BlobStore
    from skreg.ports.clock import Clock

SIMULTANEOUS_CHECKS = 4
"""Uploads that are inflated at the same time in one API process (50 MiB each at most)."""


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ApiContainer:
    """What the API's services work with."""

    settings: ApiSettings
    engine: AsyncEngine
    storage: BlobStore
    staging: BlobStore
    queue: procrastinate.App
    clock: Clock
    passwords: Passwords
    sessions: Sessions
    downloads: DownloadCounts
    checks: asyncio.Semaphore

    async def close(self) -> None:
        """Write what is still counted and return the database connections."""
        await self.downloads.flush()
        await self.engine.dispose()


@dataclass(frozen=True, slots=True)
class WorkerContainer:
    """What the worker's steps work with; every port can be another one in a test."""

    settings: WorkerSettings
    engine: AsyncEngine
    storage: BlobStore
    staging: BlobStore
    queue: procrastinate.App
    clock: Clock
    keys: PkiKeys

    async def close(self) -> None:
        """Return the database connections."""
        await self.engine.dispose()


def open_api(settings: ApiSettings, *, clock: Clock = utc_now) -> ApiContainer:
    """Wire the API; connects to nothing yet.

    Raises:
        ConfigurationInvalid: a store's URI cannot be read.
    """
    from skreg.adapters.blobs import open_blob_store
    from skreg.api.services.downloads import DownloadCounts
    from skreg.api.services.passwords import Passwords
    from skreg.api.services.sessions import Sessions
    from skreg.db.engine import open_engine
    from skreg.queue import open_queue

    database = settings.database_url.get_secret_value()
    engine = open_engine(database, settings.database_pool_size)
    return ApiContainer(
        settings=settings,
        engine=engine,
        storage=open_blob_store(settings.storage_url),
        staging=open_blob_store(settings.staging_url),
        queue=open_queue(database),
        clock=clock,
        passwords=Passwords(),
        sessions=Sessions(engine, clock),
        downloads=DownloadCounts(engine),
        checks=asyncio.Semaphore(SIMULTANEOUS_CHECKS),
    )


def open_worker(settings: WorkerSettings, *, clock: Clock = utc_now) -> WorkerContainer:
    """Wire the worker, with its keys; asks each key's backend for its public half.

    Raises:
        ConfigurationInvalid: a URI cannot be read, or a software key was not asked for by name.
        KeyMissing, KeyDisabled, KeyNotInHsm, SigningUnavailable: from the keys' backends.
    """
    from skreg.adapters.blobs import open_blob_store
    from skreg.db.engine import open_engine
    from skreg.queue import open_queue

    database = settings.database_url.get_secret_value()
    return WorkerContainer(
        settings=settings,
        engine=open_engine(database, settings.database_pool_size),
        storage=open_blob_store(settings.storage_url),
        staging=open_blob_store(settings.staging_url),
        queue=open_queue(database),
        clock=clock,
        keys=open_keys(settings),
    )


def open_keys(settings: WorkerSettings) -> PkiKeys:
    """Open the keys that the settings name; errors as ``open_worker``."""
    from skreg.adapters.signers import open_signer
    from skreg.pki.keys import PkiKeys
    from skreg.signing import VerifiedSigner

    def opened(uri: str) -> VerifiedSigner:
        backend, environment = settings.hsm_backend, settings.environment
        return VerifiedSigner(open_signer(uri, hsm_backend=backend, environment=environment))

    return PkiKeys(
        registry_ca=opened(settings.registry_ca_key_uri),
        publisher_ca=opened(settings.publisher_ca_key_uri),
        signing=opened(settings.signing_key_uri),
        log=opened(settings.log_key_uri),
        root=opened(settings.root_key_uri) if settings.root_key_uri else None,
    )
