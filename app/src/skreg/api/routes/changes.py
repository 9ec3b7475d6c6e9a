"""The changes feed, for mirrors."""

from __future__ import annotations

from fastapi import APIRouter, Query, Response

from skreg.api.dependencies import Container, Seen
from skreg.api.models import Problem
from skreg.api.models_search import Change, Changes
from skreg.api.services import feeds

router = APIRouter(prefix="/v1", tags=["feeds"])
_LARGEST = 2**63 - 1
_MOST = 1000


@router.get(
    "/changes",
    response_model=Changes,
    summary="What changed",
    responses={422: {"model": Problem, "description": "A parameter is out of its range."}},
)
async def changes(
    container: Container,
    seen: Seen,
    response: Response,
    since: int = Query(0, ge=0, le=_LARGEST, description="`next` of the answer before"),
    limit: int = Query(500, ge=1, le=_MOST),
) -> Changes:
    """List packages whose index document changed after a cursor, oldest change first.

    A change is listed once the read plane shows it. Whoever follows `next` misses none, however
    many publications commit at the same time.
    """
    found = await feeds.changes_since(container, since, limit, seen)
    response.headers["Cache-Control"] = "no-cache"
    listed = [Change.model_validate(item, from_attributes=True) for item in found.changes]
    return Changes(results=listed, next=found.next, newest=found.newest)
