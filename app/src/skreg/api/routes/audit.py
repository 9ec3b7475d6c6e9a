"""The audit log, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from skreg.api.documented import refusals
from skreg.api.models import Moment
from skreg.api.models_moderation import AuditLine, AuditPage
from skreg.api.routes.moderation import LARGEST
from skreg.api.routes.staff import Administrator
from skreg.api.services import auditing
from skreg.db.queries.audit import AuditFilter

router = APIRouter(prefix="/v1/admin/audit", tags=["administration"])
_NDJSON = "application/x-ndjson"


async def wanted(
    account: str | None = Query(None, max_length=64),
    action: str | None = Query(None, max_length=64),
    subject: str | None = Query(None, max_length=200, description="`acme` finds `acme/…` too"),
    since: Moment | None = None,
    until: Moment | None = None,
    staff: bool | None = Query(None, description="done with an administrator's rights"),
) -> AuditFilter:
    """Return what is looked for."""
    return AuditFilter(account, action, subject, since, until, staff)


Wanted = Annotated[AuditFilter, Depends(wanted)]


@router.get(
    "", response_model=AuditPage, summary="The audit log", responses=refusals(401, 403, 422)
)
async def page(
    actor: Administrator,
    wanted: Wanted,
    cursor: int | None = Query(None, ge=1, le=LARGEST, description="`next` of the page before"),
) -> AuditPage:
    """Return who changed what, when and from where, newest first, 100 a page.

    The database refuses to change or remove a line, whoever asks.
    """
    found = await auditing.page(actor, wanted, cursor)
    more = found[-1].id if len(found) == auditing.PAGE else None
    listed = [AuditLine.model_validate(item, from_attributes=True) for item in found]
    return AuditPage(results=listed, next=more)


@router.get(
    "/export",
    summary="The audit log as JSON lines",
    response_class=StreamingResponse,
    responses={
        200: {"content": {_NDJSON: {"schema": {"type": "string"}}}, "description": "The lines."},
        **refusals(401, 403, 422),
    },
)
async def export(
    actor: Administrator,
    wanted: Wanted,
    after: int = Query(0, ge=0, le=LARGEST, description="the last `id` that is known"),
) -> StreamingResponse:
    """Return all lines, oldest first, one JSON object a line; `after` continues an export."""
    return StreamingResponse(auditing.export(actor, wanted, after), media_type=_NDJSON)
