"""API tokens of the caller, and tokens that somebody found."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter

from skreg.api.dependencies import Address, Caller, Container, Holder
from skreg.api.documented import refusals
from skreg.api.models_accounts import LeakAnswer, LeakedToken, NewToken, Token, TokenWish
from skreg.api.services import tokens

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.post(
    "",
    status_code=201,
    response_model=NewToken,
    summary="Create a token",
    responses=refusals(401, 403, 409, 422),
)
async def create(body: TokenWish, container: Container, principal: Caller) -> NewToken:
    """Create a token; its secret is in this answer and nowhere else.

    A session makes any token; a token with the scope `admin` makes none that may do more than
    itself or lives longer.
    """
    wish = tokens.Wish(
        body.name, body.scopes, body.expires_in_days, body.limits, body.networks, body.read_only
    )
    return NewToken(**asdict(await tokens.create(container, principal, wish)))


@router.get("", response_model=list[Token], summary="List tokens", responses=refusals(401, 403))
async def listing(container: Container, principal: Caller) -> list[Token]:
    """List the caller's good tokens without their secrets; needs a session or `admin`."""
    return [
        Token.model_validate(item, from_attributes=True)
        for item in await tokens.listing(container, principal)
    ]


@router.post(
    "/leaked", response_model=LeakAnswer, summary="Report a leaked token", responses=refusals(422)
)
async def leaked(body: LeakedToken, container: Container, address: Address) -> LeakAnswer:
    """Revoke a token that was found somewhere; anybody may say so, without an account."""
    revoked = await tokens.report_leaked(container, body.token, body.found_at, address)
    return LeakAnswer(revoked=revoked)


@router.delete(
    "/{token_id}", status_code=204, summary="Revoke a token", responses=refusals(401, 403, 404)
)
async def revoke(token_id: str, container: Container, principal: Holder) -> None:
    """Revoke a token; it stops working at once. A token may always revoke itself."""
    await tokens.revoke(container, principal, token_id)
