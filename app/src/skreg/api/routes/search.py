"""Search, tags, categories."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Query, Response

from skreg.api.dependencies import Container, Seen
from skreg.api.models import Count, Counts, Hit, Problem, SearchResults
from skreg.api.services import search as service
from skreg.db.queries import search_facets
from skreg.db.queries.search_words import Filters

router = APIRouter(prefix="/v1", tags=["search"])
_BRIEFLY = "public, max-age=10"


@router.get(
    "/search",
    response_model=SearchResults,
    summary="Search packages",
    responses={422: {"model": Problem, "description": "A parameter is out of its range."}},
)
async def search(
    container: Container,
    seen: Seen,
    response: Response,
    q: str = Query("", max_length=200, description='words; "a phrase", -without and or work'),
    category: str | None = Query(None, max_length=64),
    tag: str | None = Query(None, max_length=64),
    namespace: str | None = Query(None, max_length=64),
    page: int = Query(1, ge=1, le=service.LAST_PAGE, description="20 hits a page"),
) -> SearchResults:
    """Find packages: of exactly that name first, then best match first.

    Downloads raise a match. Without words or filters the newest come first. `total` is counted
    up to 1,000; `total_relation` is then `gte`.
    """
    filters = Filters(_plain(q), _plain(category), _plain(tag), _plain(namespace))
    found = await service.find(container, filters, page, seen)
    response.headers["Cache-Control"] = _BRIEFLY
    return SearchResults(
        query=q,
        page=page,
        per_page=service.PER_PAGE,
        total=found.total,
        total_relation="eq" if found.exact else "gte",
        results=[Hit.model_validate(item, from_attributes=True) for item in found.hits],
    )


@router.get("/tags", response_model=Counts, summary="Tags in use")
async def tags(container: Container, seen: Seen, response: Response) -> Counts:
    """Return the thousand most used tags."""
    response.headers["Cache-Control"] = _BRIEFLY
    return _counts(await service.tags(container, seen))


@router.get("/categories", response_model=Counts, summary="Categories in use")
async def categories(container: Container, seen: Seen, response: Response) -> Counts:
    """Return every category that a visible package has."""
    response.headers["Cache-Control"] = _BRIEFLY
    return _counts(await service.categories(container, seen))


def _counts(found: Sequence[search_facets.Count]) -> Counts:
    return Counts(results=[Count(name=item.name, packages=item.packages) for item in found])


def _plain(text: str | None) -> str | None:
    """Return what was typed; None for nothing. The database's texts hold no NUL."""
    return (text or "").replace("\x00", " ").strip() or None
