"""Atom feeds of what is published."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from skreg.api import atom, conditional
from skreg.api.dependencies import Container, Seen
from skreg.api.models import Problem
from skreg.api.services import feeds
from skreg.db.queries.changes import Publication

router = APIRouter(prefix="/v1", tags=["feeds"])
_BRIEFLY = "public, max-age=60"
_FEED: dict[int | str, dict[str, Any]] = {
    200: {"content": {atom.MEDIA_TYPE: {}}, "description": "The feed."},
    **conditional.NOT_MODIFIED,
}
_MISSING: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "There is no such package."}
}


@router.get(
    "/feed.atom", summary="Newest versions as Atom", response_class=Response, responses=_FEED
)
async def registry(container: Container, seen: Seen, request: Request) -> Response:
    """Return the fifty versions published last; what was yanked or withdrawn is left out."""
    title = "Newest packages"
    return _answer(container, request, title, await feeds.newest(container, seen))


@router.get(
    "/packages/{ns}/{name}/feed.atom",
    summary="A package's versions as Atom",
    response_class=Response,
    responses={**_FEED, **_MISSING},
)
async def package(ns: str, name: str, container: Container, request: Request) -> Response:
    """Return the fifty versions of a package published last."""
    found = await feeds.of_package(container, ns, name)
    return _answer(container, request, f"{ns}/{name}", found)


def _answer(
    container: Container, request: Request, title: str, entries: Sequence[Publication]
) -> Response:
    data = atom.feed(container.settings.public_url, request.url.path, title, entries)
    return conditional.answer(request, data, atom.MEDIA_TYPE, _BRIEFLY)
