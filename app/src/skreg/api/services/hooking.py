"""Webhooks of a namespace (its owners') or of the whole registry (administrators')."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skreg.api.services.desk import Desk
from skreg.db.pool import reading, writing
from skreg.db.queries import webhooks
from skreg.db.queries.webhooks import DeliveryFacts, WebhookFacts
from skreg.domain import hooks
from skreg.domain.events import STAFF_ONLY, EventKind
from skreg.errors import Conflict, Missing, TooManyRequests, Unavailable, Unprocessable
from skreg.queue import defer_deliver

if TYPE_CHECKING:
    from skreg.api.services.sealing import Sealing

PAGE = 100
AT_MOST = 20
"""Webhooks of one namespace."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose webhooks: a namespace's, or with ``id`` None the registry's."""

    id: int | None
    name: str


REGISTRY = Place(None, "*")


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook, and its secret, which is shown this once."""

    hook: WebhookFacts
    secret: str


async def create(
    desk: Desk,
    place: Place,
    url: str,
    events: Sequence[str],
    sealing: Sealing | None,
    *,
    plain_http: bool = False,
) -> NewWebhook:
    """Have events sent to an address.

    Args:
        plain_http: the operator allowed networks that are reached by http.

    Raises:
        Unprocessable: address or events break a rule.
        Unavailable: the registry has no key to seal the secret with.
        TooManyRequests: ``AT_MOST`` are there.
    """
    wanted = _events(place, events)
    if mistake := hooks.mistake_in(url, plain_http=plain_http):
        raise _invalid("url", f"The address {mistake}.")
    if sealing is None:
        raise Unavailable(
            "This registry cannot keep the secret of a webhook.",
            fix="Its operator sets WEBHOOK_SEALING_KEY for API and worker.",
        )
    hook_id, secret = secrets.token_hex(8), hooks.new_secret()
    sealed = (sealing.name, sealing.seal(hook_id, secret.encode()))
    async with writing(desk.pool) as connection:
        if len(await webhooks.of_namespace(connection, place.id)) >= AT_MOST:
            raise TooManyRequests(f"{AT_MOST} webhooks are possible.", fix="Remove one.")
        await webhooks.insert(connection, hook_id, place.id, url, wanted, sealed, desk.account_id)
        await desk.record(connection, "webhook-created", place.name, id=hook_id, events=wanted)
    return NewWebhook(await one(desk, place, hook_id), secret)


async def listing(desk: Desk, place: Place) -> list[WebhookFacts]:
    """Return the place's webhooks, without secrets."""
    async with reading(desk.pool) as connection:
        return await webhooks.of_namespace(connection, place.id)


async def one(desk: Desk, place: Place, hook_id: str) -> WebhookFacts:
    """Return one webhook.

    Raises:
        Missing
    """
    async with reading(desk.pool) as connection:
        found = await webhooks.one(connection, place.id, hook_id)
    if found is None:
        raise Missing(f"There is no webhook {hook_id}.")
    return found


async def remove(desk: Desk, place: Place, hook_id: str) -> None:
    """Remove a webhook; what was to be sent to it is not sent.

    Raises:
        Missing
    """
    await one(desk, place, hook_id)
    async with writing(desk.pool) as connection:
        await webhooks.remove(connection, hook_id)
        await desk.record(connection, "webhook-removed", place.name, id=hook_id)


async def enable(desk: Desk, place: Place, hook_id: str) -> WebhookFacts:
    """Switch a webhook on again; one that is on stays as it is.

    Raises:
        Missing
    """
    await one(desk, place, hook_id)
    async with writing(desk.pool) as connection:
        if await webhooks.switch_on(connection, hook_id):
            await desk.record(connection, "webhook-enabled", place.name, id=hook_id)
    return await one(desk, place, hook_id)


async def deliveries(
    desk: Desk, place: Place, hook_id: str, state: str | None, before: int
) -> list[DeliveryFacts]:
    """Return up to a hundred deliveries, newest first; state ``dead`` are the dead letters.

    Raises:
        Missing
    """
    await one(desk, place, hook_id)
    async with reading(desk.pool) as connection:
        return await webhooks.deliveries(connection, hook_id, state, before, PAGE)


async def again(desk: Desk, place: Place, hook_id: str, delivery_id: int) -> None:
    """Send a dead letter again.

    Raises:
        Missing
        Conflict: it is not dead, or the webhook is switched off.
    """
    if (await one(desk, place, hook_id)).disabled_at is not None:
        raise Conflict(f"The webhook {hook_id} is switched off.", fix="Switch it on first.")
    async with writing(desk.pool) as connection:
        if not await webhooks.again(connection, hook_id, delivery_id):
            raise Conflict(f"The delivery {delivery_id} is not a dead letter of this webhook.")
        await desk.record(connection, "webhook-retried", place.name, delivery=delivery_id)
        await defer_deliver(desk.queue, connection, delivery_id)


def _events(place: Place, events: Sequence[str]) -> list[str]:
    known = {item.value for item in EventKind if place.id is None or item not in STAFF_ONLY}
    unknown = sorted(set(events) - known)
    if unknown or not events:
        detail = f"unknown: {', '.join(unknown)[:200]}" if unknown else "at least one is needed"
        raise _invalid("events", f"{detail}; known are {', '.join(sorted(known))}")
    return sorted(set(events))


def _invalid(path: str, detail: str) -> Unprocessable:
    error = {"rule": "webhook", "path": path, "detail": detail}
    return Unprocessable(f"The webhook cannot be made: {detail}", errors=[error])
