"""Where an operator's command works: ``DATABASE_URL`` with its keys, or a ``skreg up`` folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from skreg.administration import database_of
from skreg.bootstrap import open_keys
from skreg.db.auditing import SignatureAudit
from skreg.db.locks import PUBLICATION_LOCK, exclusive
from skreg.db.pool import Connection, open_pool
from skreg.errors import Missing
from skreg.pki.keys import PkiKeys
from skreg.pki.local import local_key_settings
from skreg.pki.state import PkiChange, PkiState
from skreg.publish import pipeline_pki
from skreg.publish.known_keys import require_known
from skreg.queue import defer_settle, open_queue
from skreg.settings import WorkerSettings, has_database_url, load_worker_settings
from skreg.up_layout import layout_of
from skreg.up_settings import settings_in

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Work:
    """What a command works with while it holds the publication lock."""

    connection: Connection
    keys: PkiKeys
    state: PkiState | None

    def required(self) -> PkiState:
        """Return the PKI.

        Raises:
            Missing: there is none yet.
        """
        if self.state is None:
            raise Missing("There is no PKI yet.", fix="Run skreg pki status: it says what is next.")
        return self.state


def is_local(data: Path | None) -> bool:
    """Whether the command works on a ``skreg up`` folder."""
    return data is not None or not has_database_url()


def settings_of(data: Path | None) -> WorkerSettings:
    """Return the worker's settings: the environment's, or a ``skreg up`` folder's.

    Raises:
        ConfigurationInvalid: with every mistake in ``errors``.
    """
    if not is_local(data):
        return load_worker_settings()
    layout = layout_of(data)
    return load_worker_settings(
        {
            "DATABASE_URL": database_of(data).url,
            "STORAGE_URL": layout.storage.as_uri(),
            "STAGING_URL": layout.staging.as_uri(),
            **settings_in(layout),
            "ENVIRONMENT": "dev",
            **local_key_settings(layout.keys),
        }
    )


def with_keys(data: Path | None, work: Callable[[Work], Awaitable[T]]) -> T:
    """Run ``work`` under the publication lock with the worker's keys, every use audited.

    Raises:
        ConfigurationInvalid: the settings, or a key's URI.
        KeyMissing, KeyDisabled, SigningUnavailable: from the keys' backends.
        KeyMismatch: a reference stands for another key than before.
    """
    settings, access = settings_of(data), database_of(data)
    audit = SignatureAudit(access)

    async def run() -> T:
        pool = open_pool(access, 1)
        try:
            keys = open_keys(settings, audit)
            await require_known(pool, keys)
            async with exclusive(pool, PUBLICATION_LOCK) as connection:
                state = await pipeline_pki.load(connection)
                await connection.rollback()
                return await work(Work(connection, keys, state))
        finally:
            await pool.close()
            audit.close()

    return asyncio.run(run())


async def keep(work: Work, change: PkiChange) -> None:
    """Store a change and ask the worker to publish it."""
    answered = pipeline_pki.root_has_signed(change, work.state)
    await pipeline_pki.store(work.connection, change, work.state, answered=answered)
    await ask_worker(work.connection)


async def ask_worker(connection: Connection) -> None:
    """Enqueue a run of the worker that publishes what was changed; commits."""
    await defer_settle(open_queue(""), connection)
    await connection.commit()
