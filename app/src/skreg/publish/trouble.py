"""What the worker cannot do, told where people look: log, audit trail, readiness, status."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import structlog

from skillpkg.crypto.encoding import format_time
from skreg.db.pool import Connection
from skreg.db.queries import accounts, pki
from skreg.errors import SkregError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A renewal that fails: since when, and the error's kind and text."""

    since: str
    error: str
    text: str


async def present(connection: Connection) -> Trouble | None:
    """Return what fails now, None when nothing does."""
    stored = await pki.read(connection, pki.TROUBLE)
    if not stored:
        return None
    return Trouble(**json.loads(stored))


async def note(connection: Connection, error: SkregError, now: datetime) -> None:
    """Tell of a failure, in a transaction of its own; the audit trail gets it once a kind."""
    await connection.rollback()
    before = await present(connection)
    kind = type(error).__name__
    again = before is not None and before.error == kind
    since = before.since if before is not None and again else format_time(now)
    _log.error("renewal-failed", since=since, error=kind, what=str(error))
    told = {"since": since, "error": kind, "text": str(error)}
    await pki.save(connection, pki.TROUBLE, json.dumps(told).encode())
    if not again:
        await accounts.record(connection, None, "renewal-failed", kind, details=told)
    await connection.commit()


async def clear(connection: Connection) -> None:
    """Tell that all works again, when something did not; commits."""
    before = await present(connection)
    if before is not None:
        _log.info("renewal-resumed", since=before.since, error=before.error)
        await pki.save(connection, pki.TROUBLE, b"")
        await accounts.record(connection, None, "renewal-resumed", before.error)
    await connection.commit()
