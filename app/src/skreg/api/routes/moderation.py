"""Reports, their triage, and the review queue."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from skreg.api.dependencies import Caller, Container
from skreg.api.documented import refusals
from skreg.api.models import Changed
from skreg.api.models_moderation import (
    Decision,
    Report,
    ReportPage,
    ReportRequest,
    ReviewPage,
    Triage,
    Waiting,
)
from skreg.api.services import reporting, reviewing
from skreg.api.services.desk import Desk
from skreg.domain.moderation import ReportState
from skreg.domain.permissions import Action, authorise

router = APIRouter(prefix="/v1", tags=["moderation"])
LARGEST = 2**63 - 1


async def staff_desk(container: Container, principal: Caller) -> Desk:
    """Return the caller as an administrator at work.

    Raises:
        Forbidden: no administrator, or a token without the scope `admin`.
    """
    authorise(principal, Action.ADMINISTER)
    return Desk.of(container, principal, staff=True)


async def own_desk(container: Container, principal: Caller) -> Desk:
    """Return the caller acting for themselves."""
    return Desk.of(container, principal, staff=False)


StaffDesk = Annotated[Desk, Depends(staff_desk)]
OwnDesk = Annotated[Desk, Depends(own_desk)]


@router.post(
    "/packages/{ns}/{name}/{version}/report",
    status_code=201,
    response_model=Report,
    summary="Report a version",
    responses={
        200: {"model": Report, "description": "Your report of this version is still open."},
        **refusals(401, 403, 404, 422),
    },
)
async def report(
    ns: str,
    name: str,
    version: str,
    body: ReportRequest,
    desk: OwnDesk,
    principal: Caller,
    response: Response,
) -> Report:
    """Tell the registry's administrators what is wrong with a version.

    A report alone changes nothing of the version: a person looks at it.
    """
    authorise(principal, Action.REPORT)
    found, is_new = await reporting.report(desk, (ns, name, version), body.kind, body.message)
    response.status_code = 201 if is_new else 200
    return Report.model_validate(found, from_attributes=True)


@router.get(
    "/reports", response_model=ReportPage, summary="My reports", responses=refusals(401, 403)
)
async def mine(desk: OwnDesk, principal: Caller) -> ReportPage:
    """Return your hundred newest reports and what became of them."""
    authorise(principal, Action.SEE_OWN)
    found = await reporting.mine(desk)
    listed = [Report.model_validate(item, from_attributes=True) for item in found]
    return ReportPage(results=listed, next=None)


@router.get(
    "/admin/reports",
    response_model=ReportPage,
    summary="List reports",
    responses=refusals(401, 403, 422),
)
async def reports(
    desk: StaffDesk,
    state: ReportState = ReportState.OPEN,
    cursor: str = Query("", max_length=64, description="`next` of the page before"),
) -> ReportPage:
    """List reports in a state, oldest first, 100 a page."""
    found = await reporting.listing(desk, state, cursor)
    listed = [Report.model_validate(item, from_attributes=True) for item in found]
    return ReportPage(results=listed, next=_more(found[-1].id if found else "", len(found)))


def _more(cursor: str, count: int) -> str | None:
    return cursor if count == reporting.PAGE else None


@router.post(
    "/admin/reports/{report_id}/triage",
    response_model=Report,
    summary="Triage a report",
    responses=refusals(401, 403, 404, 409, 422),
)
async def triage(report_id: str, body: Triage, desk: StaffDesk) -> Report:
    """Close a report as confirmed or dismissed; with `yank` the version is yanked as well."""
    outcome = ReportState.CONFIRMED if body.confirmed else ReportState.DISMISSED
    found = await reporting.triage(desk, report_id, outcome, body.note, yank=body.yank)
    return Report.model_validate(found, from_attributes=True)


@router.get(
    "/admin/reviews",
    response_model=ReviewPage,
    summary="Versions that wait for a person",
    responses=refusals(401, 403, 422),
)
async def reviews(
    desk: StaffDesk,
    cursor: int = Query(0, ge=0, le=LARGEST, description="`next` of the page before"),
) -> ReviewPage:
    """List quarantined versions with what vetting found, oldest first, 100 a page."""
    found = await reviewing.waiting(desk, cursor)
    more = str(found[-1].version_id) if len(found) == reviewing.PAGE else None
    listed = [Waiting.model_validate(item, from_attributes=True) for item in found]
    return ReviewPage(results=listed, next=more)


@router.post(
    "/admin/reviews/{ns}/{name}/{version}",
    response_model=Changed,
    summary="Release or reject a quarantined version",
    responses=refusals(401, 403, 404, 409, 422),
)
async def decide(ns: str, name: str, version: str, body: Decision, desk: StaffDesk) -> Changed:
    """Let a quarantined version be signed and published, or reject it; its number stays taken."""
    state = await reviewing.decide(desk, (ns, name, version), body.outcome, body.note)
    return Changed(namespace=ns, name=name, version=version, state=state)
