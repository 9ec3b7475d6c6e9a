"""Archives and signatures by name: counted here, then read from the read plane."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from skreg.api import links
from skreg.api.client_address import client_address
from skreg.api.dependencies import Container
from skreg.api.documented import refusals
from skreg.api.services import catalogue
from skreg.bootstrap import ApiContainer
from skreg.domain.states import VersionState
from skreg.errors import Gone

router = APIRouter(tags=["downloads"])
_ANSWERS: dict[int | str, dict[str, Any]] = {
    302: {
        "description": "It is there; an archive's address is for ever, the name's answer is not."
    },
    **refusals(404, 410),
}


@router.get(
    "/v1/packages/{ns}/{name}/{version}/download",
    status_code=302,
    response_class=Response,
    summary="The archive",
    responses=_ANSWERS,
)
async def by_package(
    ns: str, name: str, version: str, container: Container, request: Request
) -> Response:
    """Redirect to the archive in the read plane; `version` may be a tag or `latest`."""
    address = client_address(request, container.settings.trusted_proxies)
    return await _redirect(container, (ns, name, version), "skill", address)


@router.get(
    "/v1/download/{ns}/{name}/{version}",
    status_code=302,
    response_class=Response,
    summary="The archive",
    responses=_ANSWERS,
)
async def download(
    ns: str, name: str, version: str, container: Container, request: Request
) -> Response:
    """Redirect to the archive in the read plane; `version` may be a tag or `latest`."""
    address = client_address(request, container.settings.trusted_proxies)
    return await _redirect(container, (ns, name, version), "skill", address)


@router.get(
    "/v1/download/{ns}/{name}/{version}/sig",
    status_code=302,
    response_class=Response,
    summary="The detached signature",
    responses=_ANSWERS,
)
async def signature(ns: str, name: str, version: str, container: Container) -> Response:
    """Redirect to the DER ECDSA signature, what `openssl dgst -sha256 -verify` checks."""
    return await _redirect(container, (ns, name, version), "sig")


async def _redirect(
    container: ApiContainer, wanted: tuple[str, str, str], suffix: str, address: str | None = None
) -> Response:
    found = await catalogue.version(container, *wanted)
    if found.state == VersionState.WITHDRAWN:
        raise Gone(f"{found.namespace}/{found.name}@{found.version} was withdrawn.")
    if suffix == "skill":
        container.downloads.add(found.id, address)
    headers = {"Cache-Control": "no-cache", "X-Skreg-State": found.state}
    return RedirectResponse(links.archive(container.settings, found, suffix), 302, headers)
