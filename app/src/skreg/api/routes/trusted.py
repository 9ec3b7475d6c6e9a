"""Trusted publishing: publishers of a package, and the exchange of identity tokens."""

from __future__ import annotations

from fastapi import APIRouter, Response

from skreg.api.dependencies import Address, Caller, Container
from skreg.api.documented import refusals
from skreg.api.models_trusted import (
    Audience,
    Minted,
    MintRequest,
    Publisher,
    PublisherRequest,
    Publishers,
    TrustedOnly,
)
from skreg.api.services import minting, publishers
from skreg.api.services.publishers import Standing, Wish
from skreg.db.queries.trusted import Publisher as PublisherFacts

router = APIRouter(tags=["trusted publishing"])


@router.get("/v1/oidc/audience", response_model=Audience, summary="What to ask CI for")
async def audience(container: Container, response: Response) -> Audience:
    """Return the one audience that identity tokens must have."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return Audience(audience=container.settings.audience)


@router.post(
    "/v1/oidc/mint-token",
    response_model=Minted,
    summary="Exchange an identity token",
    responses=refusals(401, 403, 422),
)
async def mint(body: MintRequest, container: Container, address: Address) -> Minted:
    """Exchange CI's identity token for a token that publishes one package for 15 minutes.

    An identity token is good once.
    """
    found = await minting.mint(container, body.token, body.package, address)
    return Minted(
        token=found.token,
        package=found.package,
        publisher_id=found.publisher_id,
        expires_at=found.expires_at,
        expires_in=int(minting.LIFETIME.total_seconds()),
        unknown_claims=found.unknown_claims,
        warnings=found.warnings,
    )


@router.get(
    "/v1/packages/{ns}/{name}/publishers",
    response_model=Publishers,
    summary="Trusted publishers",
    responses=refusals(401, 403, 404),
)
async def listing(ns: str, name: str, container: Container, principal: Caller) -> Publishers:
    """List who may publish the package from CI; for members of its namespace."""
    return _standing(await publishers.show(container, principal, ns, name))


@router.post(
    "/v1/packages/{ns}/{name}/publishers",
    status_code=201,
    response_model=Publisher,
    summary="Trust a CI workflow",
    responses=refusals(401, 403, 404, 409, 422),
)
async def add(
    ns: str, name: str, body: PublisherRequest, container: Container, principal: Caller
) -> Publisher:
    """Trust a workflow with a package, which need not exist: its first upload then makes it."""
    wish = Wish(**body.model_dump())
    return _publisher(await publishers.add(container, principal, ns, name, wish))


@router.put(
    "/v1/packages/{ns}/{name}/publishers",
    response_model=Publishers,
    summary="Let trusted publishers alone publish",
    responses=refusals(401, 403, 404, 409, 422),
)
async def set_only(
    ns: str, name: str, body: TrustedOnly, container: Container, principal: Caller
) -> Publishers:
    """Switch publishing with members' tokens and sessions off, or on again."""
    found = await publishers.set_only(container, principal, ns, name, only=body.trusted_only)
    return _standing(found)


@router.delete(
    "/v1/packages/{ns}/{name}/publishers/{publisher_id}",
    status_code=204,
    summary="Trust a CI workflow no longer",
    responses=refusals(401, 403, 404, 422),
)
async def remove(
    ns: str, name: str, publisher_id: str, container: Container, principal: Caller
) -> None:
    """Remove a publisher; tokens that were minted for it stop working at once."""
    await publishers.remove(container, principal, ns, name, publisher_id)


def _standing(found: Standing) -> Publishers:
    listed = [_publisher(one) for one in found.publishers]
    return Publishers(trusted_only=found.trusted_only, publishers=listed)


def _publisher(found: PublisherFacts) -> Publisher:
    facts = {name: getattr(found, name) for name in Publisher.model_fields if name != "is_pending"}
    return Publisher(**facts, is_pending=found.package_id is None)
