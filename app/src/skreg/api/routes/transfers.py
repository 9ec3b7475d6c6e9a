"""Packages that change their name or namespace, and what the registry takes down."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from skreg.api.dependencies import Caller, Container, Holder
from skreg.api.documented import refusals
from skreg.api.models_releases import Moved, Takedown, Transfer, TransferRequest, Versions
from skreg.api.services import transferring, withdrawing

router = APIRouter(tags=["releases"])
_OFFERED: dict[int | str, dict[str, Any]] = {
    202: {"model": Transfer, "description": "Offered; an owner over there has 14 days to accept."}
}


@router.post(
    "/v1/packages/{ns}/{name}/transfer",
    response_model=Moved,
    summary="Rename a package, or offer it to another namespace",
    responses={**_OFFERED, **refusals(401, 403, 404, 409, 422)},
)
async def begin(
    ns: str, name: str, body: TransferRequest, container: Container, principal: Caller
) -> Moved | JSONResponse:
    """Let a package go on under another name.

    In the same namespace that is done at once. Another namespace has to accept. What is published
    stays under the old name, whose archives are signed for it; publishing goes on under the new.
    """
    to_name = body.to_name or name
    offer = await transferring.begin(container, principal, (ns, name), body.to_namespace, to_name)
    if offer is None:
        return Moved(moved_to=f"{body.to_namespace}/{to_name}")
    told = Transfer.model_validate(offer, from_attributes=True)
    return JSONResponse(told.model_dump(mode="json"), 202)


@router.get(
    "/v1/transfers",
    response_model=list[Transfer],
    summary="Transfers that wait",
    responses=refusals(401, 403),
)
async def waiting(container: Container, principal: Holder) -> list[Transfer]:
    """List the offers from and to namespaces that the caller owns."""
    found = await transferring.waiting(container, principal)
    return [Transfer.model_validate(one, from_attributes=True) for one in found]


@router.post(
    "/v1/transfers/{transfer_id}/accept",
    response_model=Moved,
    summary="Accept a transfer",
    responses=refusals(401, 403, 404, 409, 422),
)
async def accept(transfer_id: str, container: Container, principal: Caller) -> Moved:
    """Take a package over into a namespace that the caller owns; the log gets an entry."""
    offer = await transferring.accept(container, principal, transfer_id)
    return Moved(moved_to=f"{offer.to_namespace}/{offer.to_name}")


@router.delete(
    "/v1/transfers/{transfer_id}",
    status_code=204,
    summary="Decline a transfer, or take it back",
    responses=refusals(401, 403, 404, 422),
)
async def end(transfer_id: str, container: Container, principal: Caller) -> None:
    """End an offer; an owner of either side may, and nothing has changed then."""
    await transferring.end(container, principal, transfer_id)


@router.post(
    "/v1/admin/packages/{ns}/{name}/takedown",
    response_model=Versions,
    summary="Take a package down",
    responses=refusals(401, 403, 404, 409, 422),
)
async def take_down_all(
    ns: str, name: str, body: Takedown, container: Container, principal: Caller
) -> Versions:
    """Withdraw every published version; returns those that were not withdrawn before."""
    found = await withdrawing.take_down(container, principal, (ns, name), None, body.reason)
    return Versions(namespace=ns, name=name, versions=found)


@router.post(
    "/v1/admin/packages/{ns}/{name}/{version}/takedown",
    response_model=Versions,
    summary="Take a version down",
    responses=refusals(401, 403, 404, 409, 422),
)
async def take_down(
    ns: str, name: str, version: str, body: Takedown, container: Container, principal: Caller
) -> Versions:
    """Withdraw a version whoever uses it: its archive leaves store and CDN.

    Log and index keep naming it as `withdrawn`; the number stays taken.
    """
    found = await withdrawing.take_down(container, principal, (ns, name), version, body.reason)
    return Versions(namespace=ns, name=name, versions=found)
