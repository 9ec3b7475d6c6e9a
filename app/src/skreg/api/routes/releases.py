"""What owners do to what is published: deprecate, tag, unpublish."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from skreg.api.dependencies import Caller, Container
from skreg.api.documented import refusals
from skreg.api.models import Changed
from skreg.api.models_releases import (
    Deprecation,
    RangeDeprecation,
    TagRequest,
    Tags,
    Versions,
    Withdrawal,
)
from skreg.api.services import tagging, withdrawing

router = APIRouter(prefix="/v1/packages", tags=["releases"])
_Tag = Annotated[
    str,
    Path(max_length=64, description="`beta`, or `latest`; neither a version nor a range"),
]
_CHANGE = refusals(401, 403, 404, 409, 422)


@router.get(
    "/{ns}/{name}/dist-tags", response_model=Tags, summary="Dist-tags", responses=refusals(404)
)
async def tags(ns: str, name: str, container: Container, response: Response) -> Tags:
    """Return the package's tags; without one that was set, `latest` is the highest release."""
    found = await tagging.tags(container, ns, name)
    response.headers["Cache-Control"] = "public, max-age=10"
    return Tags(namespace=ns, name=name, tags=found)


@router.put(
    "/{ns}/{name}/dist-tags/{tag}",
    response_model=Tags,
    summary="Point a tag at a version",
    responses=_CHANGE,
)
async def set_tag(
    ns: str, name: str, tag: _Tag, body: TagRequest, container: Container, principal: Caller
) -> Tags:
    """Point a tag at a published version; the package's index is signed anew."""
    await tagging.set_tag(container, principal, (ns, name), tag, body.version)
    return Tags(namespace=ns, name=name, tags=await tagging.tags(container, ns, name))


@router.delete(
    "/{ns}/{name}/dist-tags/{tag}",
    response_model=Tags,
    summary="Remove a tag",
    responses=_CHANGE,
)
async def delete_tag(
    ns: str, name: str, tag: _Tag, container: Container, principal: Caller
) -> Tags:
    """Remove a tag; `latest` follows the highest release again."""
    await tagging.delete_tag(container, principal, (ns, name), tag)
    return Tags(namespace=ns, name=name, tags=await tagging.tags(container, ns, name))


@router.post(
    "/{ns}/{name}/deprecate",
    response_model=Versions,
    summary="Deprecate a range of versions",
    responses=_CHANGE,
)
async def deprecate_range(
    ns: str, name: str, body: RangeDeprecation, container: Container, principal: Caller
) -> Versions:
    """Say of every version in a range that it should no longer be used; all of them by default."""
    found = await tagging.deprecate(container, principal, (ns, name), body.range, body.message)
    return Versions(namespace=ns, name=name, versions=found)


@router.post(
    "/{ns}/{name}/{version}/deprecate",
    response_model=Versions,
    summary="Deprecate a version",
    responses=_CHANGE,
)
async def deprecate(
    ns: str, name: str, version: str, body: Deprecation, container: Container, principal: Caller
) -> Versions:
    """Say that a version should no longer be used; it installs as before, with the message."""
    found = await tagging.deprecate(container, principal, (ns, name), version, body.message)
    return Versions(namespace=ns, name=name, versions=found)


@router.post(
    "/{ns}/{name}/{version}/undeprecate",
    response_model=Versions,
    summary="Take a deprecation back",
    responses=_CHANGE,
)
async def undeprecate(
    ns: str, name: str, version: str, container: Container, principal: Caller
) -> Versions:
    """Take the message away again; `*` is every version."""
    found = await tagging.deprecate(container, principal, (ns, name), version, None)
    return Versions(namespace=ns, name=name, versions=found)


@router.delete(
    "/{ns}/{name}/{version}",
    response_model=Changed,
    summary="Unpublish a version",
    responses=_CHANGE,
)
async def unpublish(
    ns: str,
    name: str,
    version: str,
    container: Container,
    principal: Caller,
    body: Withdrawal | None = None,
) -> Changed:
    """Take a version away within 72 hours, or while nobody needs it and few fetched it.

    Its number stays taken, log and index go on naming it as `withdrawn`. Otherwise yank it.
    """
    reason = body.reason if body else ""
    state = await withdrawing.unpublish(container, principal, (ns, name, version), reason)
    return Changed(namespace=ns, name=name, version=version, state=state)
