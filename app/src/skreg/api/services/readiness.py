"""Whether this process may take requests, and what it does without."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.errors import UndefinedTable

from skreg.bootstrap import ApiContainer
from skreg.db.migrate import head
from skreg.db.pool import reading
from skreg.db.queries import pki, rows
from skreg.errors import BlobMissing, DatabaseUnavailable, StorageUnavailable

_RENEWED_WITHIN = timedelta(hours=12)
"""A timestamp is renewed after six hours; twice that means that nobody does it."""
_seen_schema: set[int] = set()
"""Containers that have once seen their schema: a later outage degrades, it does not unready."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """``degraded`` names parts: database, storage, pki, signer, renewal."""

    ready: bool
    degraded: list[str]


async def check(container: ApiContainer) -> Readiness:
    """Look at schema, storage and the age of what the worker signs."""
    degraded = []
    database = await _database(container)
    if not database:
        degraded.append("database")
    storage = await _storage(container)
    degraded += storage
    if database and "renewal" not in degraded and await _renewal_fails(container):
        degraded.append("renewal")
    ready = id(container) in _seen_schema and "storage" not in storage
    return Readiness(ready, degraded)


async def _database(container: ApiContainer) -> bool:
    try:
        async with reading(container.pool) as connection:
            found = await rows.scalar(connection, "SELECT max(version_num) FROM alembic_version")
    except (DatabaseUnavailable, UndefinedTable):  # an empty database has no such table
        return False
    if found is not None and str(found) >= head():
        _seen_schema.add(id(container))
        return True
    return False


async def _storage(container: ApiContainer) -> list[str]:
    """Return ``storage`` when it does not answer, ``pki`` before the first timestamp,
    ``renewal`` while it is not renewed in time, ``signer`` once it has expired."""
    try:
        envelope = await container.storage.get("index/timestamp")
    except BlobMissing:
        return ["pki"]
    except StorageUnavailable:
        return ["storage"]
    payload = json.loads(b64decode(json.loads(envelope)["payload"]))
    now = container.clock()
    if datetime.fromisoformat(payload["expires_at"]) < now:
        return ["signer"]
    late = now - datetime.fromisoformat(payload["issued_at"]) > _RENEWED_WITHIN
    return ["renewal"] if late else []


async def _renewal_fails(container: ApiContainer) -> bool:
    """Whether the worker says that it cannot renew something."""
    try:
        async with reading(container.pool) as connection:
            return bool(await pki.read(connection, pki.TROUBLE))
    except DatabaseUnavailable:
        return False
