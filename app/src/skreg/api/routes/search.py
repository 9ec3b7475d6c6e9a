"""Search, tags, categories."""

from __future__ import annotations

from fastapi import APIRouter, Query, Response

from skreg.api.dependencies import Container
from skreg.api.models import Count, Counts, Hit, SearchResults
from skreg.db.engine import reading
from skreg.db.queries import search as queries

router = APIRouter(prefix="/v1", tags=["search"])
PER_PAGE = 20
_LAST_PAGE = queries.TOTAL_CAP // PER_PAGE
_BRIEFLY = "public, max-age=10"


@router.get("/search", response_model=SearchResults, summary="Search packages")
async def search(
    container: Container,
    response: Response,
    q: str = Query("", max_length=200, description='words; "a phrase", -without and or work'),
    category: str | None = Query(None, max_length=64),
    tag: str | None = Query(None, max_length=64),
    page: int = Query(1, ge=1, le=_LAST_PAGE, description="20 hits a page"),
) -> SearchResults:
    """Find packages, best match first; without words the newest first.

    `total` is counted up to 1,000; `total_relation` is then `gte`.
    """
    words = q.replace("\x00", " ").strip()
    filters = queries.Filters(words or None, category, tag)
    async with reading(container.engine) as connection:
        hits = await queries.search(
            connection, filters, offset=(page - 1) * PER_PAGE, limit=PER_PAGE
        )
        total = await queries.total(connection, filters)
    response.headers["Cache-Control"] = _BRIEFLY
    return SearchResults(
        query=q,
        page=page,
        per_page=PER_PAGE,
        total=min(total, queries.TOTAL_CAP),
        total_relation="gte" if total > queries.TOTAL_CAP else "eq",
        results=[Hit.model_validate(item, from_attributes=True) for item in hits],
    )


@router.get("/tags", response_model=Counts, summary="Tags in use")
async def tags(container: Container, response: Response) -> Counts:
    """Return the thousand most used tags."""
    async with reading(container.engine) as connection:
        found = await queries.tags(connection)
    response.headers["Cache-Control"] = _BRIEFLY
    return Counts(results=[Count(name=item.name, packages=item.packages) for item in found])


@router.get("/categories", response_model=Counts, summary="Categories in use")
async def categories(container: Container, response: Response) -> Counts:
    """Return every category that a visible package has."""
    async with reading(container.engine) as connection:
        found = await queries.categories(connection)
    response.headers["Cache-Control"] = _BRIEFLY
    return Counts(results=[Count(name=item.name, packages=item.packages) for item in found])
