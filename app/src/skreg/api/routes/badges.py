"""Badges for a readme."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from skreg.api import badge, conditional
from skreg.api.dependencies import Container
from skreg.api.models import Problem
from skreg.api.services import feeds

router = APIRouter(prefix="/v1/packages", tags=["feeds"])


@router.get(
    "/{ns}/{name}/badge.svg",
    summary="A badge with the newest version",
    response_class=Response,
    responses={
        200: {"content": {badge.MEDIA_TYPE: {}}, "description": "The badge."},
        404: {"model": Problem, "description": "There is no such package."},
        **conditional.NOT_MODIFIED,
    },
)
async def version(ns: str, name: str, container: Container, request: Request) -> Response:
    """Return an SVG that shows the newest version, or that every version is yanked or withdrawn."""
    image = badge.svg(f"{ns}/{name}", await feeds.standing(container, ns, name))
    return conditional.answer(
        request,
        image,
        badge.MEDIA_TYPE,
        "public, max-age=300",
        Content_Security_Policy="default-src 'none'",
    )
