"""What the registry's administrators hide or take away, whoever owns it."""

from __future__ import annotations

from fastapi import APIRouter

from skreg.api.documented import refusals
from skreg.api.models import Changed
from skreg.api.models_releases import StaffYank, Takedown, Versions
from skreg.api.routes.moderation import StaffDesk
from skreg.api.services import withdrawing, yanking

router = APIRouter(prefix="/v1/admin/packages", tags=["administration"])
_REFUSALS = refusals(401, 403, 404, 409, 422)


@router.post(
    "/{ns}/{name}/takedown",
    response_model=Versions,
    summary="Take a package down",
    responses=_REFUSALS,
)
async def take_down_all(ns: str, name: str, body: Takedown, desk: StaffDesk) -> Versions:
    """Withdraw every published version; returns those that were not withdrawn before."""
    found = await withdrawing.take_down(desk, (ns, name), None, body.reason)
    return Versions(namespace=ns, name=name, versions=found)


@router.post(
    "/{ns}/{name}/{version}/takedown",
    response_model=Versions,
    summary="Take a version down",
    responses=_REFUSALS,
)
async def take_down(ns: str, name: str, version: str, body: Takedown, desk: StaffDesk) -> Versions:
    """Withdraw a version whoever uses it: its archive leaves store and CDN.

    Log and index keep naming it as `withdrawn`; the number stays taken.
    """
    found = await withdrawing.take_down(desk, (ns, name), version, body.reason)
    return Versions(namespace=ns, name=name, versions=found)


@router.post(
    "/{ns}/{name}/{version}/yank",
    response_model=Changed,
    summary="Yank a version for its owners",
    responses=_REFUSALS,
)
async def yank(ns: str, name: str, version: str, body: StaffYank, desk: StaffDesk) -> Changed:
    """Hide a version from fresh resolution; its owners cannot bring it back."""
    state = await yanking.by_staff(desk, (ns, name, version), reason=body.reason, yanked=True)
    return Changed(namespace=ns, name=name, version=version, state=state)


@router.post(
    "/{ns}/{name}/{version}/unyank",
    response_model=Changed,
    summary="Bring a yanked version back for its owners",
    responses=_REFUSALS,
)
async def unyank(ns: str, name: str, version: str, body: StaffYank, desk: StaffDesk) -> Changed:
    """Let a version be resolved again, whoever yanked it."""
    state = await yanking.by_staff(desk, (ns, name, version), reason=body.reason, yanked=False)
    return Changed(namespace=ns, name=name, version=version, state=state)
