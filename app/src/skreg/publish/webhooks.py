"""Delivers one event to one webhook: signed, tried again with growing pauses, dead at last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import structlog

from skreg.bootstrap import WorkerContainer
from skreg.db.pool import writing
from skreg.db.queries import webhooks
from skreg.db.queries.webhooks import Parcel
from skreg.domain import hooks
from skreg.domain.moderation import stamp
from skreg.ports.hooks import HookRefused, HookUnreached
from skreg.publish import webhooks_off

ATTEMPTS = 7
"""Tries of one delivery; the pauses of ``PAUSE_BASE`` make that about five hours."""
PAUSE_BASE = 5
LEASE = timedelta(seconds=60)
"""How long a delivery is one process's: six times what the slowest receiver is given."""
_log = structlog.get_logger(__name__)


class NotDelivered(Exception):
    """The receiver did not take an event; the queue tries again."""


async def deliver(container: WorkerContainer, delivery_id: int) -> None:
    """Send one event; does nothing when it was sent, or another process is sending it.

    A transaction claims it and another notes what came of it: no connection is held while a
    receiver takes its time. Who dies in between has perhaps sent it, and it is sent again after
    ``LEASE``, under the same ``webhook-id``; not after ``ATTEMPTS`` such ends.

    Raises:
        NotDelivered: to be tried again.
    """
    async with writing(container.pool) as connection:
        parcel = await webhooks.claim(connection, delivery_id, LEASE)
    if parcel is None:
        await webhooks_off.end_waiting(container, delivery_id)
        return
    if parcel.attempts > ATTEMPTS:
        await _note(container, parcel, "dead", None, webhooks_off.KILLED)
        return
    status, error, is_final = await _send(container, parcel)
    state = "delivered" if error is None else _failed(parcel, is_final)
    await _note(container, parcel, state, status, error)
    if state == "waiting":
        raise NotDelivered(f"delivery {delivery_id}: {error}")


async def _note(
    container: WorkerContainer, parcel: Parcel, state: str, status: int | None, error: str | None
) -> None:
    """Note what came of it; a webhook that lost one more may be switched off by that."""
    off = None
    async with writing(container.pool) as connection:
        is_noted = await webhooks.note(connection, parcel, state, status=status, error=error)
        if is_noted and state == "dead":
            off = await webhooks_off.switch_off(connection, parcel, status)
    if state == "dead" or not is_noted:
        what = "webhook-dead" if is_noted else "webhook-claim-lost"
        _log.warning(what, delivery=parcel.id, webhook=parcel.webhook_id, error=error)
    if off is not None:
        await webhooks_off.end_waiting(container, parcel.id)
        await webhooks_off.tell(container, parcel, off, status)


def _failed(parcel: Parcel, is_final: bool) -> str:
    return "dead" if is_final or parcel.attempts >= ATTEMPTS else "waiting"


async def _send(container: WorkerContainer, parcel: Parcel) -> tuple[int | None, str | None, bool]:
    """Return the status, why it failed (None when it did not), and whether that is for good."""
    secret = _secret(container, parcel)
    if secret is None:
        return None, webhooks_off.UNOPENED, False
    body = json.dumps(
        {**parcel.payload, "timestamp": stamp(parcel.created_at)},
        separators=(",", ":"),
        sort_keys=True,
    ).encode()
    try:
        headers = _headers(container, parcel, secret, body)
        answer = await container.hooks.send(parcel.url, body, headers)
    except HookRefused as error:
        return None, str(error), True
    except HookUnreached as error:
        return None, str(error), False
    taken = 200 <= answer.status < 300
    error_text = None if taken else f"it answered {answer.status}"
    return answer.status, error_text, answer.status == 410


def _secret(container: WorkerContainer, parcel: Parcel) -> str | None:
    sealing = container.sealing
    if sealing is None or sealing.name != parcel.sealing:
        return None
    opened = sealing.open(parcel.webhook_id, parcel.sealed)
    return None if opened is None else opened.decode()


def _headers(
    container: WorkerContainer, parcel: Parcel, secret: str, body: bytes
) -> Mapping[str, str]:
    """Return the headers of Standard Webhooks 1.0: a receiver needs no library of ours."""
    at, delivery = int(container.clock().timestamp()), f"msg_{parcel.id}"
    return {
        "content-type": "application/json",
        "user-agent": "skreg-webhook/1",
        "webhook-id": delivery,
        "webhook-timestamp": str(at),
        "webhook-signature": hooks.signature(secret, delivery, at, body),
    }
