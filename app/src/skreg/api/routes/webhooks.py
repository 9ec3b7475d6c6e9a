"""Webhooks of a namespace and of the registry; the same routes under two prefixes."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Depends, Query

from skreg.api.dependencies import Caller, Container
from skreg.api.documented import refusals
from skreg.api.models_moderation import (
    Delivery,
    DeliveryPage,
    NewWebhook,
    Webhook,
    WebhookList,
    WebhookRequest,
)
from skreg.api.routes.moderation import LARGEST
from skreg.api.services import hooking
from skreg.api.services.desk import Desk
from skreg.api.services.hooking import REGISTRY, Place
from skreg.api.services.package_rights import permitted_namespace
from skreg.bootstrap import ApiContainer
from skreg.db.pool import reading
from skreg.db.queries.webhooks import WebhookFacts
from skreg.domain.permissions import Action, authorise

router = APIRouter(prefix="/v1", tags=["webhooks"])
At = tuple[Desk, Place]


async def at_namespace(ns: str, container: Container, principal: Caller) -> At:
    """Return a namespace's webhooks' place, for its owners.

    Raises:
        Missing, Forbidden
    """
    async with reading(container.pool) as connection:
        access = await permitted_namespace(connection, principal, ns, Action.MANAGE)
    return Desk.of(container, principal, staff=False), Place(access.id, ns)


async def at_registry(container: Container, principal: Caller) -> At:
    """Return the registry's webhooks' place, for administrators.

    Raises:
        Forbidden
    """
    authorise(principal, Action.ADMINISTER)
    return Desk.of(container, principal, staff=True), REGISTRY


async def _create(container: ApiContainer, at: At, body: WebhookRequest) -> NewWebhook:
    made = await hooking.create(
        *at,
        body.url,
        body.events,
        container.webhook_sealing,
        plain_http=bool(container.settings.webhook_networks),
    )
    return NewWebhook(**_told(made.hook).model_dump(), secret=made.secret)


async def _deliveries(at: At, hook: str, state: str | None, cursor: int) -> DeliveryPage:
    found = await hooking.deliveries(*at, hook, state, cursor)
    more = found[-1].id if len(found) == hooking.PAGE else None
    listed = [Delivery.model_validate(item, from_attributes=True) for item in found]
    return DeliveryPage(results=listed, next=more)


def _told(found: WebhookFacts) -> Webhook:
    return Webhook.model_validate(found, from_attributes=True)


def _routes(prefix: str, place: Callable[..., object], whose: str) -> None:
    """Add the routes of one place."""
    name = whose.split()[-1]

    @router.post(
        prefix,
        status_code=201,
        response_model=NewWebhook,
        summary=f"Add a webhook of {whose}",
        operation_id=f"create_webhook_{name}",
        responses=refusals(401, 403, 404, 422),
    )
    async def create(
        body: WebhookRequest, container: Container, at: At = Depends(place)
    ) -> NewWebhook:
        """Have events sent to an https address, signed as Standard Webhooks 1.0 says.

        `secret` is in this answer and nowhere else.
        """
        return await _create(container, at, body)

    @router.get(
        prefix,
        response_model=WebhookList,
        summary=f"Webhooks of {whose}",
        operation_id=f"list_webhooks_{name}",
        responses=refusals(401, 403, 404),
    )
    async def listing(at: At = Depends(place)) -> WebhookList:
        """List webhooks without their secrets."""
        return WebhookList(results=[_told(item) for item in await hooking.listing(*at)])

    @router.delete(
        prefix + "/{hook}",
        status_code=204,
        summary=f"Remove a webhook of {whose}",
        operation_id=f"remove_webhook_{name}",
        responses=refusals(401, 403, 404),
    )
    async def remove(hook: str, at: At = Depends(place)) -> None:
        """Remove a webhook; what was to be sent to it is not sent."""
        await hooking.remove(*at, hook)

    @router.post(
        prefix + "/{hook}/enable",
        response_model=Webhook,
        summary=f"Switch a webhook of {whose} on again",
        operation_id=f"enable_webhook_{name}",
        responses=refusals(401, 403, 404),
    )
    async def enable(hook: str, at: At = Depends(place)) -> Webhook:
        """Switch a webhook on again; one that is on stays as it is.

        It is switched off when its receiver answers 410, or when ten deliveries died within five
        days or more and none arrived. What waited then is among its dead letters, events since
        are not kept.
        """
        return _told(await hooking.enable(*at, hook))

    @router.get(
        prefix + "/{hook}/deliveries",
        response_model=DeliveryPage,
        summary=f"Deliveries of a webhook of {whose}",
        operation_id=f"list_deliveries_{name}",
        responses=refusals(401, 403, 404, 422),
    )
    async def deliveries(
        hook: str,
        at: At = Depends(place),
        state: str | None = Query(None, pattern="^(waiting|delivered|dead)$"),
        cursor: int = Query(LARGEST, ge=0, le=LARGEST, description="`next` of the page before"),
    ) -> DeliveryPage:
        """List deliveries, newest first, 100 a page; state `dead` are the dead letters."""
        return await _deliveries(at, hook, state, cursor)

    @router.post(
        prefix + "/{hook}/deliveries/{delivery}/retry",
        status_code=202,
        summary=f"Send a dead letter of {whose} again",
        operation_id=f"retry_delivery_{name}",
        responses=refusals(401, 403, 404, 409, 422),
    )
    async def retry(hook: str, delivery: int, at: At = Depends(place)) -> None:
        """Send a dead letter again, from its first attempt on."""
        await hooking.again(*at, hook, min(delivery, LARGEST))


_routes("/namespaces/{ns}/webhooks", at_namespace, "a namespace")
_routes("/admin/webhooks", at_registry, "the registry")
