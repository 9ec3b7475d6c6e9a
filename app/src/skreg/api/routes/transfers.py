"""Packages that change their name or namespace."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from skreg.api.dependencies import Caller, Container, Holder
from skreg.api.documented import refusals
from skreg.api.models_releases import Moved, Transfer, TransferRequest
from skreg.api.services import transferring

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
