"""Whether this process may take requests, and what it does without."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime

from skreg.bootstrap import ApiContainer
from skreg.db.engine import reading
from skreg.db.migrate import head
from skreg.db.queries import rows
from skreg.errors import BlobMissing, DatabaseUnavailable, StorageUnavailable

_seen_schema: set[int] = set()
"""Containers that have once seen their schema: a later outage degrades, it does not unready."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """``degraded`` names parts: database, storage, pki, signer."""

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
    ready = id(container) in _seen_schema and "storage" not in storage
    return Readiness(ready, degraded)


async def _database(container: ApiContainer) -> bool:
    try:
        async with reading(container.engine) as connection:
            found = await rows.scalar(connection, "SELECT max(version_num) FROM alembic_version")
    except DatabaseUnavailable:
        return False
    except Exception as error:  # an empty database has no such table
        if "UndefinedTable" in repr(getattr(error, "orig", None)):
            return False
        raise
    if found is not None and str(found) >= head():
        _seen_schema.add(id(container))
        return True
    return False


async def _storage(container: ApiContainer) -> list[str]:
    """Return ``storage`` when it does not answer, ``pki`` before the first timestamp,
    ``signer`` once the timestamp was not renewed in time."""
    try:
        envelope = await container.storage.get("index/timestamp")
    except BlobMissing:
        return ["pki"]
    except StorageUnavailable:
        return ["storage"]
    payload = json.loads(b64decode(json.loads(envelope)["payload"]))
    expires = datetime.fromisoformat(payload["expires_at"])
    return ["signer"] if expires < container.clock() else []
