"""Invitations that the caller has."""

from __future__ import annotations

from fastapi import APIRouter

from skreg.api.dependencies import Caller, Container
from skreg.api.documented import refusals
from skreg.api.models_accounts import Invitation
from skreg.api.routes.namespaces import invitation_of
from skreg.api.services import invitations

router = APIRouter(prefix="/v1/invitations", tags=["namespaces"])


@router.get(
    "", response_model=list[Invitation], summary="My invitations", responses=refusals(401, 403)
)
async def mine(container: Container, principal: Caller) -> list[Invitation]:
    """List the invitations the caller has not answered."""
    return [invitation_of(item) for item in await invitations.mine(container, principal)]


@router.post(
    "/{invitation_id}/accept",
    response_model=Invitation,
    summary="Accept an invitation",
    responses=refusals(401, 403, 404),
)
async def accept(invitation_id: str, container: Container, principal: Caller) -> Invitation:
    """Become a member with the role that was offered."""
    found = await invitations.answer(container, principal, invitation_id, accepted=True)
    return invitation_of(found)


@router.post(
    "/{invitation_id}/decline",
    response_model=Invitation,
    summary="Decline an invitation",
    responses=refusals(401, 403, 404),
)
async def decline(invitation_id: str, container: Container, principal: Caller) -> Invitation:
    """Refuse an invitation; it is gone then."""
    found = await invitations.answer(container, principal, invitation_id, accepted=False)
    return invitation_of(found)
