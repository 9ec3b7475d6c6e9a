"""Webhooks and their deliveries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.domain.events import STAFF_ONLY, Event


@dataclass(frozen=True, slots=True)
class WebhookFacts:
    """A webhook without its secret; ``namespace`` None: told of all of them."""

    id: str
    namespace: str | None
    url: str
    events: Sequence[str]
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """One event for one webhook, and what came of it."""

    id: int
    event: str
    state: str
    attempts: int
    last_status: int | None
    last_error: str | None
    created_at: datetime
    tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What the worker needs to deliver one event; ``attempts`` counts the one it is for."""

    id: int
    webhook_id: str
    url: str
    sealing: str
    sealed: bytes
    payload: Mapping[str, Any]
    attempts: int
    created_at: datetime
    claimed_until: datetime


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """Whose a webhook was that is off now; ``email`` None: nobody can be told."""

    namespace: str | None
    email: str | None


_HOOK = """
    SELECT w.id, n.name, w.url, w.events, w.created_at, w.disabled_at
    FROM webhooks w LEFT JOIN namespaces n ON n.id = w.namespace_id WHERE """
_OFF = "UPDATE webhooks w SET disabled_at = now() WHERE w.id = :id AND w.disabled_at IS NULL"
_WHOSE = """
    RETURNING (SELECT n.name FROM namespaces n WHERE n.id = w.namespace_id),
      (SELECT a.email FROM accounts a WHERE a.id = w.created_by AND a.disabled_at IS NULL)"""
_FAILING = """
    SELECT count(*) >= :fewest AND min(d.tried_at) <= now() - :span FROM webhook_deliveries d
    WHERE d.webhook_id = w.id AND d.state = 'dead' AND coalesce(d.last_error, '') <> ALL(:faults)
      AND d.tried_at > coalesce(w.enabled_at, '-infinity') AND d.tried_at > coalesce(
        (SELECT max(arrived.tried_at) FROM webhook_deliveries arrived
         WHERE arrived.webhook_id = w.id AND arrived.state = 'delivered'), '-infinity')"""
_SAME = "w.namespace_id IS NOT DISTINCT FROM CAST(:ns AS bigint)"


async def insert(
    connection: Connection,
    hook_id: str,
    namespace_id: int | None,
    url: str,
    events: Sequence[str],
    sealed: tuple[str, bytes],
    created_by: int | None,
) -> None:
    """Insert a webhook; ``sealed`` is the sealing key's name and the sealed secret."""
    sql = """
        INSERT INTO webhooks (id, namespace_id, url, events, sealing, sealed, created_by)
        VALUES (:id, :ns, :url, :events, :sealing, :sealed, :by)"""
    values: dict[str, object] = {"id": hook_id, "ns": namespace_id, "url": url, "by": created_by}
    values |= {"events": list(events), "sealing": sealed[0], "sealed": sealed[1]}
    await rows.run(connection, sql, values)


async def of_namespace(connection: Connection, namespace_id: int | None) -> list[WebhookFacts]:
    """Return the webhooks of a namespace, or with None those of the whole registry."""
    sql = f"{_HOOK} {_SAME} ORDER BY w.created_at, w.id"
    return await rows.all_rows(connection, WebhookFacts, sql, {"ns": namespace_id})


async def one(
    connection: Connection, namespace_id: int | None, hook_id: str
) -> WebhookFacts | None:
    """Return one of them."""
    sql = f"{_HOOK} {_SAME} AND w.id = :id"
    return await rows.one_row(connection, WebhookFacts, sql, {"ns": namespace_id, "id": hook_id})


async def remove(connection: Connection, hook_id: str) -> None:
    """Remove a webhook and what was to be sent to it."""
    values = {"id": hook_id}
    await rows.run(connection, "DELETE FROM webhook_deliveries WHERE webhook_id = :id", values)
    await rows.run(connection, "DELETE FROM webhooks WHERE id = :id", values)


async def deliveries(
    connection: Connection, hook_id: str, state: str | None, before: int, limit: int
) -> list[DeliveryFacts]:
    """Return deliveries, newest first."""
    sql = """
        SELECT id, event, state, attempts, last_status, last_error, created_at, tried_at
        FROM webhook_deliveries WHERE webhook_id = :hook AND id < :before
        AND (CAST(:state AS text) IS NULL OR state = :state) ORDER BY id DESC LIMIT :limit"""
    values = {"hook": hook_id, "state": state, "before": before, "limit": limit}
    return await rows.all_rows(connection, DeliveryFacts, sql, values)


async def again(connection: Connection, hook_id: str, delivery_id: int) -> bool:
    """Let a dead delivery be tried again from the start; False when there is none."""
    sql = """
        UPDATE webhook_deliveries SET state = 'waiting', attempts = 0
        WHERE id = :id AND webhook_id = :hook AND state = 'dead'"""
    return await rows.run(connection, sql, {"id": delivery_id, "hook": hook_id}) == 1


async def address(connection: Connection, event: Event) -> list[int]:
    """Make a delivery for every webhook that asked for the event; returns their numbers."""
    sql = """
        INSERT INTO webhook_deliveries (webhook_id, event, payload)
        SELECT w.id, :kind, CAST(:payload AS jsonb) FROM webhooks w
        LEFT JOIN namespaces n ON n.id = w.namespace_id
        WHERE w.disabled_at IS NULL AND :kind = ANY(w.events)
          AND (w.namespace_id IS NULL OR (n.name = ANY(:names) AND NOT :staff)) RETURNING id"""
    values: dict[str, object] = {"kind": event.kind.value, "payload": json.dumps(event.to_json())}
    values |= {"names": event.namespaces, "staff": event.kind in STAFF_ONLY}
    return await rows.all_rows(connection, int, sql, values)


async def claim(connection: Connection, delivery_id: int, lease: timedelta) -> Parcel | None:
    """Take a waiting delivery for the time of ``lease``; None when another process has it.

    The attempt counts from here. Whoever dies meanwhile leaves it to the sweeper, once the lease
    is over.
    """
    sql = """
        UPDATE webhook_deliveries d SET claimed_until = now() + :lease, attempts = attempts + 1
        FROM webhooks w
        WHERE d.id = :id AND d.state = 'waiting' AND w.id = d.webhook_id AND w.disabled_at IS NULL
          AND (d.claimed_until IS NULL OR d.claimed_until < now())
        RETURNING d.id, w.id, w.url, w.sealing, w.sealed, d.payload, d.attempts, d.created_at,
                  d.claimed_until"""
    return await rows.one_row(connection, Parcel, sql, {"id": delivery_id, "lease": lease})


async def note(
    connection: Connection,
    parcel: Parcel,
    state: str,
    *,
    status: int | None,
    error: str | None,
) -> bool:
    """Note one attempt: ``delivered``, ``waiting`` for the next, or ``dead``.

    Returns False, and notes nothing, when the claim is another's by now or the delivery is gone.
    """
    sql = """
        UPDATE webhook_deliveries SET state = :state, last_status = :status, 
            last_error = :error, tried_at = now(), claimed_until = NULL
        WHERE id = :id AND claimed_until = :claim"""
    values: dict[str, object] = {"id": parcel.id, "claim": parcel.claimed_until, "state": state}
    return await rows.run(connection, sql, {**values, "status": status, "error": error}) == 1


async def switch_off(connection: Connection, hook_id: str) -> SwitchedOff | None:
    """Switch a webhook off; None when it is off already."""
    sql = f"{_OFF} {_WHOSE}"
    return await rows.one_row(connection, SwitchedOff, sql, {"id": hook_id})


async def switch_off_failing(
    connection: Connection, hook_id: str, span: timedelta, fewest: int, own_faults: Sequence[str]
) -> SwitchedOff | None:
    """Switch a webhook off to which deliveries have been dying for ``span``; None when not.

    Counted is what died since the last that arrived, or since it was switched on, at least
    ``fewest``; what failed by ``own_faults`` is not counted.
    """
    sql = f"{_OFF} AND ({_FAILING}) {_WHOSE}"
    values = {"id": hook_id, "span": span, "fewest": fewest, "faults": list(own_faults)}
    return await rows.one_row(connection, SwitchedOff, sql, values)


async def switch_on(connection: Connection, hook_id: str) -> bool:
    """Switch a webhook on; False when it is on already."""
    sql = """
        UPDATE webhooks SET disabled_at = NULL, enabled_at = now()
        WHERE id = :id AND disabled_at IS NOT NULL"""
    return await rows.run(connection, sql, {"id": hook_id}) == 1


async def bury(connection: Connection, delivery_id: int) -> int:
    """Make dead letters of what waits, and is not under way, for a delivery's webhook.

    Only when that is switched off; returns how many.
    """
    sql = """
        UPDATE webhook_deliveries d SET state = 'dead', last_error = 'its webhook was switched off'
        FROM webhook_deliveries one JOIN webhooks w ON w.id = one.webhook_id
        WHERE one.id = :id AND w.disabled_at IS NOT NULL AND d.webhook_id = w.id
          AND d.state = 'waiting' AND (d.claimed_until IS NULL OR d.claimed_until < now())"""
    return await rows.run(connection, sql, {"id": delivery_id})


async def without_job(connection: Connection, task: str) -> list[int]:
    """Return waiting deliveries that no job speaks of and nobody sends, for the sweeper."""
    sql = """
        SELECT d.id FROM webhook_deliveries d
        WHERE d.state = 'waiting' AND coalesce(d.tried_at, d.created_at) < now() - interval '1 min'
          AND (d.claimed_until IS NULL OR d.claimed_until < now())
          AND NOT EXISTS (
            SELECT 1 FROM procrastinate_jobs j WHERE j.task_name = :task
            AND CAST(j.args ->> 'delivery_id' AS bigint) = d.id AND j.status IN ('todo', 'doing'))
        ORDER BY d.id LIMIT 1000"""
    return await rows.all_rows(connection, int, sql, {"task": task})


async def forget_old(connection: Connection) -> int:
    """Remove what was delivered 30 days ago, and what died 90 days ago; returns how many."""
    sql = """
        DELETE FROM webhook_deliveries
        WHERE (state = 'delivered' AND created_at < now() - interval '30 days')
           OR (state = 'dead' AND created_at < now() - interval '90 days')"""
    return await rows.run(connection, sql)
