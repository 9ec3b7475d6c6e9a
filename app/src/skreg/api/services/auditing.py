"""Reading the audit log: a page for people, all of it as JSON lines for other systems."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict

from skreg.api.services.staff import Actor
from skreg.db.pool import reading
from skreg.db.queries import audit
from skreg.db.queries.audit import AuditFilter, AuditLine

PAGE = 100
_BATCH = 1000


async def page(actor: Actor, wanted: AuditFilter, before: int | None) -> list[AuditLine]:
    """Return up to a hundred lines, newest first."""
    async with reading(actor.pool) as connection:
        return await audit.newest(connection, wanted, before, PAGE)


async def export(actor: Actor, wanted: AuditFilter, after: int = 0) -> AsyncIterator[bytes]:
    """Yield all lines as JSON, oldest first; no connection is held between batches."""
    while True:
        async with reading(actor.pool) as connection:
            found = await audit.oldest(connection, wanted, after, _BATCH)
        if not found:
            return
        yield b"".join(_line(item) for item in found)
        after = found[-1].id


def _line(item: AuditLine) -> bytes:
    told = {**asdict(item), "at": item.at.isoformat()}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode() + b"\n"
