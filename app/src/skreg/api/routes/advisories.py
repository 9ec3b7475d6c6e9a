"""Advisories in OSV form."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query, Response

from skreg.api.dependencies import Container, Seen
from skreg.api.documented import refusals
from skreg.api.models_moderation import AdvisoryPage, AdvisoryRequest
from skreg.api.routes.moderation import LARGEST, StaffDesk
from skreg.api.services import advising
from skreg.api.services.desk import Desk
from skreg.domain.moderation import AdvisoryFacts

router = APIRouter(prefix="/v1", tags=["advisories"])
_BRIEFLY = "public, max-age=60"


@router.get(
    "/advisories", response_model=AdvisoryPage, summary="List advisories", responses=refusals(422)
)
async def listing(
    container: Container,
    seen: Seen,
    response: Response,
    package: str | None = Query(
        None,
        max_length=140,
        description="`ns/name`",
        json_schema_extra={"pattern": "^[a-z0-9-]{1,64}/[a-z0-9-]{1,64}$"},
    ),
    cursor: int = Query(0, ge=0, le=LARGEST, description="`next` of the page before"),
) -> AdvisoryPage:
    """List advisories as OSV records, oldest first, 100 a page; withdrawn ones say so.

    Those that hold are also in each package's signed index document.
    """
    found = await advising.listing(_reading(container), cursor, package, seen)
    response.headers["Cache-Control"] = _BRIEFLY
    more = str(found[-1].number) if len(found) == advising.PAGE else None
    return AdvisoryPage(results=[dict(item.record) for item in found], next=more)


@router.get("/advisories/{advisory_id}", summary="An advisory", responses=refusals(404))
async def one(
    advisory_id: str, container: Container, seen: Seen, response: Response
) -> dict[str, Any]:
    """Return one advisory as an OSV record."""
    found = await advising.one(_reading(container), advisory_id, seen)
    response.headers["Cache-Control"] = _BRIEFLY
    return dict(found.record)


@router.post(
    "/admin/advisories",
    status_code=201,
    summary="Publish an advisory",
    responses=refusals(401, 403, 404, 422),
)
async def publish(body: AdvisoryRequest, desk: StaffDesk) -> dict[str, Any]:
    """Publish an advisory; the package's index document is signed anew with it."""
    facts = AdvisoryFacts(**body.model_dump())
    return dict((await advising.publish(desk, facts)).record)


@router.post(
    "/admin/advisories/{advisory_id}/withdraw",
    summary="Withdraw an advisory",
    responses=refusals(401, 403, 404, 409),
)
async def withdraw(advisory_id: str, desk: StaffDesk) -> dict[str, Any]:
    """Withdraw an advisory that was wrong; it stays readable and leaves the index documents."""
    return dict((await advising.withdraw(desk, advisory_id)).record)


def _reading(container: Container) -> Desk:
    return Desk(container.pool, container.queue, container.clock, staff=False)
