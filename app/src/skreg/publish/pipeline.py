"""A version's life from upload to publication, as steps that can be killed anywhere.

What is to be done is read from the rows. Everything that writes to the log or the index runs
under one lock, whose connection also does the writes; one run serves all versions that are ready.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum

import structlog

from skreg.bootstrap import WorkerContainer
from skreg.db.locks import PUBLICATION_LOCK, exclusive, try_version
from skreg.db.pool import Connection
from skreg.db.queries import work
from skreg.domain.states import VersionState
from skreg.errors import SigningRefused, SigningUnavailable
from skreg.pki import state_json
from skreg.pki.state import PkiState
from skreg.publish import pipeline_pki, trouble
from skreg.publish.pipeline_index import refresh
from skreg.publish.pipeline_log import sequence
from skreg.publish.pipeline_pki import Kept
from skreg.publish.pipeline_release import release
from skreg.publish.pipeline_submission import submit
from skreg.publish.pipeline_version import vet_and_sign
from skreg.publish.shown_certificates import ShownCertificates

_log = structlog.get_logger(__name__)


class _Prepared(Enum):
    """What a version's own steps have come to."""

    NOTHING = "there is nothing to do here"
    SUBMITTED = "its publisher's signature waits for the log"
    SIGNED = "vetted, and signed if it passed"


@dataclass(slots=True)
class Pipeline:
    """The steps of one worker process; ``written`` is the PKI state it has seen written."""

    container: WorkerContainer
    written: bytes = b""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    shown: ShownCertificates = field(init=False)

    def __post_init__(self) -> None:
        self.shown = ShownCertificates(self.container.certificates)

    async def advance(self, version_id: int) -> None:
        """Bring one version as far as it goes; does nothing while another process has it.

        Raises:
            Unavailable: a part is away; run again later, nothing is lost.
        """
        done = await self._prepare(version_id)
        if done is _Prepared.SUBMITTED:  # many may wait here: none holds a connection
            await self.settle()
            done = await self._prepare(version_id, is_logged=True)
        if done is _Prepared.NOTHING:
            return
        async with self.turn:
            async with self.container.pool.connect() as connection:
                item = await work.item(connection, version_id)
            if item is not None and item.state in (VersionState.SIGNED, VersionState.LOGGED):
                await self.settle_now()

    async def settle(self) -> None:
        """Publish everything that waits: log, objects, index, timestamp."""
        async with self.turn:
            await self.settle_now()

    async def settle_now(self) -> None:
        """Do ``settle``; the caller has this process's turn."""
        container = self.container
        async with exclusive(container.pool, PUBLICATION_LOCK) as connection:
            try:
                await self._settle(connection)
            except (SigningUnavailable, SigningRefused) as error:
                await trouble.note(connection, error, container.clock())
                raise

    async def _settle(self, connection: Connection) -> None:
        container = self.container
        kept = await pipeline_pki.ensure(container, connection)
        if kept is None:
            _log.warning("pki-missing", fix="skreg pki status prints the next step")
            return
        if kept.failure is not None:
            await trouble.note(connection, kept.failure, container.clock())
        await self._write_pki(kept.state)
        size = await sequence(container, connection, kept.state)
        await release(container, connection, size)
        await refresh(container, connection, kept.state, size)
        await self._show_certificates(connection, kept)

    async def _show_certificates(self, connection: Connection, kept: Kept) -> None:
        """The last step, so that nothing waits for it; then all works, or it is told."""
        now = self.container.clock()
        failure = await self.shown.show(kept.state, now)
        if kept.failure is not None:
            return
        if failure is None:
            await trouble.clear(connection)
        else:
            await trouble.note(connection, failure, now)

    async def _write_pki(self, state: PkiState) -> None:
        present = state_json.to_bytes(state)
        if present != self.written:
            await pipeline_pki.write(self.container, state)
            self.written = present

    async def _prepare(self, version_id: int, *, is_logged: bool = False) -> _Prepared:
        """Vet and sign; a publisher's signature must be in the log before that.

        Args:
            is_logged: what could be logged of it has been.
        """
        container = self.container
        async with try_version(container.pool, version_id) as connection:
            if connection is None:
                return _Prepared.NOTHING
            state = await self._usable(connection)
            item = await work.item(connection, version_id)
            await connection.rollback()
            if state is None or item is None:
                return _Prepared.NOTHING
            if item.awaits_submission and not is_logged:
                await submit(container, connection, item)
                return _Prepared.SUBMITTED
            await vet_and_sign(container, connection, state, item)
            return _Prepared.SIGNED

    async def _usable(self, connection: Connection) -> PkiState | None:
        """Return the PKI once it has a leaf for this process's signing key."""
        state = await pipeline_pki.load(connection)
        spki = self.container.keys.signing.spki()
        if state is None or state.chain_of(spki) is not None:
            return state
        await connection.rollback()
        await self.settle()
        return await pipeline_pki.load(connection)
