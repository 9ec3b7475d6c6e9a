"""API tokens of the caller."""

from __future__ import annotations

from fastapi import APIRouter

from skreg.api.dependencies import Caller, Container
from skreg.api.models import NewToken, Token, TokenRequest
from skreg.api.services import tokens

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.post("", status_code=201, response_model=NewToken, summary="Create a token")
async def create(body: TokenRequest, container: Container, principal: Caller) -> NewToken:
    """Create a token; its secret is in this answer and nowhere else."""
    made = await tokens.create(container, principal, body.name, body.scopes, body.expires_in_days)
    return NewToken(
        id=made.id,
        token=made.token,
        name=made.name,
        scopes=made.scopes,
        expires_at=made.expires_at,
    )


@router.get("", response_model=list[Token], summary="List tokens")
async def listing(container: Container, principal: Caller) -> list[Token]:
    """List the caller's tokens without their secrets."""
    return [
        Token.model_validate(item, from_attributes=True)
        for item in await tokens.listing(container, principal)
    ]


@router.delete("/{token_id}", status_code=204, summary="Revoke a token")
async def revoke(token_id: str, container: Container, principal: Caller) -> None:
    """Revoke a token; it stops working at once."""
    await tokens.revoke(container, principal, token_id)
