"""One log line a minute that says how the worker is: the four numbers that a stack's alarms read.

The line comes from a task of its own and not through the queue, so that a queue that stands
still is seen as its age grows. Without a line for a while the alarms fire too.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from datetime import datetime, timedelta

import structlog
from cryptography import x509

from skreg.bootstrap import WorkerContainer
from skreg.db.pool import reading
from skreg.db.queries import work
from skreg.errors import BlobMissing, SkregError
from skreg.pki.state import PkiState
from skreg.publish import pipeline_pki
from skreg.publish.index.paths import TIMESTAMP

EVENT = "health"
SECONDS = 60.0
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_log = structlog.get_logger(__name__)


async def each_minute(container: WorkerContainer) -> None:
    """Log the line at once and every minute, for ever."""
    while True:
        try:
            _log.info(EVENT, **await numbers(container))
        except SkregError as error:
            _log.warning("health-unknown", error=str(error))
        await asyncio.sleep(SECONDS)


async def numbers(container: WorkerContainer) -> dict[str, float]:
    """Return what there is to tell: the queue's age, and what ends next of each kind.

    Before the ceremony there are no certificates, and no numbers for them.

    Raises:
        DatabaseUnavailable, StorageUnavailable: one of them does not answer.
    """
    async with reading(container.pool) as connection:
        age = await work.oldest_waiting(connection)
        state = await pipeline_pki.load(connection)
    found = {"queue_age_seconds": round(age, 1)}
    if state is None:
        return found
    now = container.clock()
    return found | _of_pki(state, now) | await _of_timestamp(container, now)


def _of_pki(state: PkiState, now: datetime) -> dict[str, float]:
    signing = (state.leaf, *(authority.certificate for authority in state.authorities))
    ends = min(certificate.not_valid_after_utc for certificate in signing)
    found = {"certificate_days_left": round((ends - now) / _DAY, 2)}
    lists = [
        x509.load_der_x509_crl(authority.crl).next_update_utc
        for authority in state.every_authority
        if authority.crl
    ]
    next_updates = [moment for moment in lists if moment is not None]
    if next_updates:
        found["crl_hours_left"] = round((min(next_updates) - now) / _HOUR, 2)
    return found


async def _of_timestamp(container: WorkerContainer, now: datetime) -> dict[str, float]:
    try:
        envelope = await container.storage.get(TIMESTAMP)
    except BlobMissing:
        return {}
    payload = json.loads(b64decode(json.loads(envelope)["payload"]))
    left = datetime.fromisoformat(payload["expires_at"]) - now
    return {"timestamp_hours_left": round(left / _HOUR, 2)}
