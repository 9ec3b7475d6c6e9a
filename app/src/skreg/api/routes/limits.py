"""Quotas of namespaces."""

from __future__ import annotations

from fastapi import APIRouter

from skreg.api.dependencies import Caller, Container
from skreg.api.documented import refusals
from skreg.api.models_limits import QuotaGrant, QuotaLine, Quotas
from skreg.api.services import quotas
from skreg.api.services.staff import Actor
from skreg.domain.permissions import Action, authorise
from skreg.domain.quotas import Quota

router = APIRouter(prefix="/v1", tags=["limits"])
_REFUSALS = refusals(401, 403, 404, 422)


@router.get(
    "/namespaces/{ns}/quota",
    response_model=Quotas,
    summary="A namespace's quotas",
    responses=_REFUSALS,
)
async def show(ns: str, container: Container, principal: Caller) -> Quotas:
    """Return what a namespace uses of what it may use; for its members and administrators."""
    return _quotas(ns, await quotas.show(container, principal, ns))


@router.put(
    "/admin/quotas/{ns}",
    response_model=Quotas,
    summary="Set a namespace's quotas",
    tags=["administration"],
    responses=_REFUSALS,
)
async def grant(ns: str, body: QuotaGrant, container: Container, principal: Caller) -> Quotas:
    """Set what a namespace may use; what is null or left out takes the registry's setting."""
    authorise(principal, Action.ADMINISTER)
    wanted: Quota[int | None] = Quota(body.packages, body.versions_per_day, body.bytes)
    await quotas.grant(Actor.of(container.pool, principal), ns, wanted)
    return _quotas(ns, await quotas.show(container, principal, ns))


def _quotas(namespace: str, found: quotas.Standing) -> Quotas:
    used, allowed = found.used, found.allowed
    return Quotas(
        namespace=namespace,
        packages=QuotaLine(used=used.packages, allowed=allowed.packages),
        versions_per_day=QuotaLine(used=used.versions_per_day, allowed=allowed.versions_per_day),
        bytes=QuotaLine(used=used.bytes, allowed=allowed.bytes),
    )
