"""Issues and revokes publishers' certificates, under the lock that guards the PKI's state."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from skreg.bootstrap import WorkerContainer
from skreg.db.locks import PUBLICATION_LOCK, exclusive
from skreg.db.pool import Connection
from skreg.db.queries import certificates
from skreg.db.queries.certificates import Wish
from skreg.domain.events import Event, EventKind
from skreg.domain.moderation import CertificateState
from skreg.errors import Unprocessable
from skreg.events import emit
from skreg.pki.issue import publisher_leaf
from skreg.pki.revoke import revoke
from skreg.pki.state import PkiChange, PkiState, der
from skreg.publish import pipeline_pki

PUBLISHER_CA = "publisher-ca"


async def fulfil_wishes(container: WorkerContainer) -> int:
    """Issue and revoke what is asked for; returns how many wishes were fulfilled or refused.

    Each is one transaction: the PKI's state, the certificate and the log's entry, or nothing.

    Raises:
        SigningUnavailable: the publisher CA's key does not answer; the wishes wait.
    """
    done = 0
    async with exclusive(container.pool, PUBLICATION_LOCK) as connection:
        for wish in await certificates.wishes(connection):
            state = await pipeline_pki.load(connection)
            await connection.rollback()
            if state is None:
                return done
            if wish.state == CertificateState.REQUESTED:
                await _issue(container, connection, state, wish)
            else:
                await _revoke(container, connection, state, wish)
            done += 1
    return done


async def _issue(
    container: WorkerContainer, connection: Connection, state: PkiState, wish: Wish
) -> None:
    domains = await certificates.domains_of(connection, wish.namespace_id)
    await connection.rollback()
    try:
        leaf, entry = await asyncio.to_thread(
            publisher_leaf,
            state,
            container.keys,
            wish.request,
            wish.namespace,
            container.clock(),
            domains=domains,
            lifetime=timedelta(days=wish.lifetime_days),
        )
    except Unprocessable as error:
        await certificates.refused(connection, wish.id, str(error))
        await connection.commit()
        return
    serial = f"{leaf.serial_number:x}"
    issuer = der(state.publisher_ca.certificate)
    until = leaf.not_valid_after_utc
    await certificates.issued(connection, wish.id, serial, der(leaf), issuer, until)
    await _tell(container, connection, EventKind.CERTIFICATE_ISSUED, wish, serial)
    # Without a state before it, so that the entry is asked for although the state is the same.
    await pipeline_pki.store(connection, PkiChange(state, (entry,)), None)


async def _revoke(
    container: WorkerContainer, connection: Connection, state: PkiState, wish: Wish
) -> None:
    change = await asyncio.to_thread(
        revoke,
        state,
        container.keys,
        PUBLISHER_CA,
        int(wish.serial or "0", 16),
        container.clock(),
        reason=wish.reason or "unspecified",
    )
    await certificates.revoked(connection, wish.id)
    await _tell(container, connection, EventKind.CERTIFICATE_REVOKED, wish, wish.serial)
    await pipeline_pki.store(connection, change, state)


async def _tell(
    container: WorkerContainer,
    connection: Connection,
    kind: EventKind,
    wish: Wish,
    serial: str | None,
) -> None:
    data = {"certificate": wish.id, "serial": serial}
    await emit(container.queue, connection, Event(kind, wish.namespace, wish.namespace, data))
