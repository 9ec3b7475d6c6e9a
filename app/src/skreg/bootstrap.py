"""The one place that turns settings into parts: which adapter stands behind which port.

The API's container has no signer and no way to get one; only ``open_worker`` opens keys.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skreg.settings import ApiSettings, Settings, StorageSettings, WorkerSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    import procrastinate
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from skreg.api.services.downloads import DownloadCounts
    from skreg.api.services.issuer_keys import IssuerKeys
    from skreg.api.services.passwords import Passwords
    from skreg.api.services.sealing import Sealing
    from skreg.api.services.sessions import Sessions
    from skreg.db.access import DatabaseAccess
    from skreg.db.auditing import SignatureAudit
    from skreg.db.pool import Pool
    from skreg.pki.keys import PkiKeys
    from skreg.ports.blobs import BlobStore
    from skreg.ports.cdn import Cdn
    from skreg.ports.clock import Clock
    from skreg.ports.counters import Counters
    from skreg.ports.hooks import Hooks
    from skreg.ports.mail import Mail
    from skreg.ports.names import Names
    from skreg.ports.scanner import Scanner
    from skreg.ports.secrets import NamedSecret
    from skreg.ports.web import Web
    from skreg.signing import SignatureRecord

SIMULTANEOUS_CHECKS = 4
"""Uploads that are inflated at the same time in one API process (50 MiB each at most)."""


def utc_now() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ApiContainer:
    """What the API's services work with."""

    settings: ApiSettings
    pool: Pool
    storage: BlobStore
    staging: BlobStore
    queue: procrastinate.App
    clock: Clock
    passwords: Passwords
    sessions: Sessions
    downloads: DownloadCounts
    checks: asyncio.Semaphore
    web: Web
    issuer_keys: IssuerKeys
    names: Names
    mail: Mail | None
    counters: Counters
    webhook_sealing: Sealing | None

    async def close(self) -> None:
        """Write what is still counted and return the connections."""
        await self.downloads.flush()
        await self.counters.close()
        await self.pool.close()


@dataclass(frozen=True, slots=True)
class WorkerContainer:
    """What the worker's steps work with; every port can be another one in a test."""

    settings: WorkerSettings
    pool: Pool
    storage: BlobStore
    staging: BlobStore
    queue: procrastinate.App
    clock: Clock
    keys: PkiKeys
    hooks: Hooks
    sealing: Sealing | None
    audit: SignatureAudit | None = None
    cdn: Cdn | None = None
    scanner: Scanner | None = None
    certificates: NamedSecret | None = None
    mail: Mail | None = None

    async def close(self) -> None:
        """Return the database connections."""
        await self.pool.close()
        if self.audit is not None:
            self.audit.close()


def open_api(settings: ApiSettings, *, clock: Clock = utc_now) -> ApiContainer:
    """Wire the API; connects to nothing yet.

    Raises:
        ConfigurationInvalid: a store's URI cannot be read.
    """
    from skreg.adapters.blobs import open_blob_store
    from skreg.adapters.counters import open_counters
    from skreg.adapters.names import DnsNames
    from skreg.adapters.web import HttpWeb
    from skreg.api.services.downloads import DownloadCounts
    from skreg.api.services.issuer_keys import IssuerKeys
    from skreg.api.services.passwords import Passwords
    from skreg.api.services.sealing import Sealing
    from skreg.api.services.sessions import Sessions
    from skreg.db.pool import open_pool
    from skreg.queue import open_queue

    database = open_access(settings)
    pool = open_pool(database, settings.database_pool_size)
    valkey = settings.valkey_url
    web, sealing = HttpWeb(), settings.session_sealing_key
    sealed = Sealing(sealing.get_secret_value()) if sealing else None
    return ApiContainer(
        settings=settings,
        pool=pool,
        storage=open_blob_store(settings.storage_url),
        staging=open_blob_store(settings.staging_url),
        queue=open_queue(database),
        clock=clock,
        passwords=Passwords(),
        sessions=Sessions(pool, clock, sealed),
        downloads=DownloadCounts(pool, clock),
        checks=asyncio.Semaphore(SIMULTANEOUS_CHECKS),
        web=web,
        issuer_keys=IssuerKeys(web),
        names=DnsNames(),
        mail=open_mail(settings, web),
        webhook_sealing=open_sealing(settings),
        counters=open_counters(valkey.get_secret_value() if valkey else None),
    )


def open_worker(settings: WorkerSettings, *, clock: Clock = utc_now) -> WorkerContainer:
    """Wire the worker, with its keys; asks each key's backend for its public half.

    Raises:
        ConfigurationInvalid: a URI cannot be read, or a software key was not asked for by name.
        KeyMissing, KeyDisabled, KeyNotInHsm, SigningUnavailable: from the keys' backends.
    """
    from skreg.adapters.blobs import open_blob_store
    from skreg.adapters.cdn import open_cdn
    from skreg.adapters.hooks import HttpHooks
    from skreg.adapters.scanners import open_scanner
    from skreg.adapters.web import HttpWeb
    from skreg.db.auditing import SignatureAudit
    from skreg.db.pool import open_pool
    from skreg.queue import open_queue

    database = open_access(settings)
    audit = SignatureAudit(database)
    return WorkerContainer(
        settings=settings,
        pool=open_pool(database, settings.database_pool_size),
        storage=open_blob_store(settings.storage_url),
        staging=open_blob_store(settings.staging_url),
        queue=open_queue(database),
        clock=clock,
        keys=open_keys(settings, audit),
        hooks=HttpHooks(settings.webhook_networks),
        sealing=open_sealing(settings),
        audit=audit,
        cdn=open_cdn(settings.cdn_uri),
        scanner=open_scanner(settings.scanner_url),
        certificates=open_certificates(settings),
        mail=open_mail(settings, HttpWeb()),
    )


def open_certificates(settings: WorkerSettings) -> NamedSecret | None:
    """Return where the CAs' certificates are put for others; None when the settings say nowhere.

    Raises:
        ConfigurationInvalid: the URI names no secret.
    """
    from skreg.adapters.secrets import open_secret
    from skreg.ports.secrets import NamedSecret

    return NamedSecret(*open_secret(settings.pki_secret)) if settings.pki_secret else None


def open_mail(settings: StorageSettings, web: Web) -> Mail | None:
    """Return what sends mails; None when the settings name no hook."""
    from skreg.adapters.mail_hook import HookMail

    hook = settings.mail_hook_url
    return HookMail(web, hook.get_secret_value()) if hook else None


def open_sealing(settings: StorageSettings) -> Sealing | None:
    """Return what seals the secrets of webhooks; None when the settings name no key."""
    from skreg.api.services.sealing import Sealing

    key = settings.webhook_sealing_key
    return Sealing(key.get_secret_value()) if key else None


def open_access(settings: Settings) -> DatabaseAccess:
    """Return how to log in to the database, as the settings say.

    Raises:
        ConfigurationInvalid: the URL does not fit the login, or a secret's URI names none.
    """
    from skreg.adapters.database import open_login
    from skreg.db.access import DatabaseAccess

    url, login = settings.database_url.get_secret_value(), settings.database_login
    if login == "password":
        return DatabaseAccess(url)
    secret = settings.database_password_secret or ""
    return DatabaseAccess(url, open_login(login, url, secret))


def open_keys(settings: WorkerSettings, audit: Callable[[SignatureRecord], None]) -> PkiKeys:
    """Open the keys that the settings name; errors as ``open_worker``.

    The root is opened only while it is managed here; sealed or offline, nobody asks for it.

    Args:
        audit: keeps every use of a key.
    """
    from skreg.adapters.signers import open_signer
    from skreg.pki.keys import PkiKeys
    from skreg.signing import VerifiedSigner

    def opened(uri: str) -> VerifiedSigner:
        backend, environment = settings.hsm_backend, settings.environment
        signer = open_signer(uri, hsm_backend=backend, environment=environment)
        return VerifiedSigner(signer, audit=audit)

    root = settings.root_key_uri if settings.root_mode == "managed" else None
    return PkiKeys(
        registry_ca=opened(settings.registry_ca_key_uri),
        publisher_ca=opened(settings.publisher_ca_key_uri),
        signing=opened(settings.signing_key_uri),
        log=opened(settings.log_key_uri),
        root=opened(root) if root else None,
        former=tuple(opened(uri) for uri in settings.former_key_uris.split()),
        witnessed=_open_witness_key(settings.log_witness_secret),
    )


def _open_witness_key(uri: str | None) -> Ed25519PrivateKey | None:
    if uri is None:
        return None
    from skreg.adapters.secrets import open_secret
    from skreg.pki.witness_key import read_witness_key
    from skreg.ports.secrets import NamedSecret

    return read_witness_key(NamedSecret(*open_secret(uri)))
