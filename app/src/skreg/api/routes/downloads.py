"""Archives and signatures by name: counted here, then read from the read plane."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from skreg.api import links
from skreg.api.dependencies import Container
from skreg.api.services import catalogue
from skreg.bootstrap import ApiContainer
from skreg.domain.states import VersionState
from skreg.errors import Gone

router = APIRouter(tags=["downloads"])


@router.get("/v1/packages/{ns}/{name}/{version}/download", summary="The archive")
async def by_package(ns: str, name: str, version: str, container: Container) -> Response:
    """Redirect to the archive in the read plane; `version` may be a tag or `latest`."""
    return await _redirect(container, ns, name, version, "skill")


@router.get("/v1/download/{ns}/{name}/{version}", summary="The archive")
async def download(ns: str, name: str, version: str, container: Container) -> Response:
    """Redirect to the archive in the read plane; `version` may be a tag or `latest`."""
    return await _redirect(container, ns, name, version, "skill")


@router.get("/v1/download/{ns}/{name}/{version}/sig", summary="The detached signature")
async def signature(ns: str, name: str, version: str, container: Container) -> Response:
    """Redirect to the DER ECDSA signature, what `openssl dgst -sha256 -verify` checks."""
    return await _redirect(container, ns, name, version, "sig")


async def _redirect(
    container: ApiContainer, ns: str, name: str, version: str, suffix: str
) -> Response:
    found = await catalogue.version(container, ns, name, version)
    if found.state == VersionState.WITHDRAWN:
        raise Gone(f"{ns}/{name}@{found.version} was withdrawn.")
    if suffix == "skill":
        container.downloads.add(found.id)
    headers = {"Cache-Control": "no-cache", "X-Skreg-State": found.state}
    return RedirectResponse(links.archive(container.settings, found, suffix), 302, headers)
