"""Packages and their versions."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query, Response

from skreg.api import links
from skreg.api.dependencies import Container, Seen
from skreg.api.documented import refusals
from skreg.api.models import Hit, Package, PackageList, Version, VersionLine, VersionList
from skreg.api.moved import MOVED, moved
from skreg.api.services import catalogue
from skreg.db.pool import reading
from skreg.db.queries import search, search_within
from skreg.db.queries.catalogue import VersionFacts
from skreg.domain.releases import LATEST
from skreg.errors import Unprocessable

router = APIRouter(prefix="/v1/packages", tags=["packages"])
BRIEFLY = "public, max-age=10"
_PAGE = 100


@router.get("", response_model=PackageList, summary="List packages")
async def listing(
    container: Container,
    seen: Seen,
    response: Response,
    cursor: str = Query(
        "",
        max_length=140,
        description="`next` of the page before",
        json_schema_extra={"pattern": "^$|/"},
    ),
) -> PackageList:
    """List packages by name, 100 a page."""
    namespace, separator, name = cursor.partition("/")
    if cursor and not separator:
        error = {"rule": "cursor", "path": "query.cursor", "detail": "is not one that was given"}
        raise Unprocessable("The cursor cannot be read.", errors=[error])
    async with reading(container.pool) as connection:
        if seen.is_whole:
            found = await search.listing(connection, (namespace, name), _PAGE)
        else:
            found = await search_within.listing(connection, (namespace, name), _PAGE, seen)
    response.headers["Cache-Control"] = BRIEFLY
    more = f"{found[-1].namespace}/{found[-1].name}" if len(found) == _PAGE else None
    hits = [Hit.model_validate(item, from_attributes=True) for item in found]
    return PackageList(results=hits, next=more)


@router.get(
    "/{ns}/{name}",
    response_model=Package,
    summary="A package",
    responses={**MOVED, **refusals(404)},
)
async def package(
    ns: str, name: str, container: Container, response: Response
) -> Package | Response:
    """Return a package: its newest description, tags, versions and downloads.

    An old name answers 308 once a version can be read under the new one; until then `moved_to`
    says where it goes on.
    """
    target = await catalogue.target(container, ns, name)
    if target is not None and target.is_visible:
        return moved(target.package)
    found, tags, downloads = await catalogue.package(container, ns, name)
    chosen = next((item for item in found if item.version == tags.get("latest")), found[0])
    response.headers["Cache-Control"] = BRIEFLY
    return Package(
        namespace=ns,
        name=name,
        description=chosen.manifest["description"],
        category=chosen.manifest.get("category", ""),
        tags=chosen.manifest.get("tags", []),
        latest=tags.get("latest"),
        dist_tags=tags,
        versions=[item.version for item in found],
        downloads=downloads,
        moved_to=None if target is None else target.package,
    )


@router.get(
    "/{ns}/{name}/versions",
    response_model=VersionList,
    summary="All versions",
    responses=refusals(404),
)
async def versions(ns: str, name: str, container: Container, response: Response) -> VersionList:
    """Return every visible version, yanked ones included, newest publication first."""
    found, _, _ = await catalogue.package(container, ns, name)
    response.headers["Cache-Control"] = BRIEFLY
    lines = [VersionLine(**_line(item)) for item in found]
    return VersionList(namespace=ns, name=name, versions=lines)


@router.get(
    "/{ns}/{name}/{version}",
    response_model=Version,
    summary="One version",
    responses={**MOVED, **refusals(404)},
)
async def one(
    ns: str, name: str, version: str, container: Container, response: Response
) -> Version | Response:
    """Return a version by number, by tag, or the newest as `latest`.

    What was published under an old name stays there; its `latest` answers 308.
    """
    target = await catalogue.target(container, ns, name)
    if version == LATEST and target is not None and target.is_visible:
        return moved(target.package, f"/{LATEST}")
    found = await catalogue.version(container, ns, name, version)
    response.headers["Cache-Control"] = BRIEFLY
    return Version(
        **_line(found),
        **_described(found.manifest),
        namespace=found.namespace,
        name=found.name,
        content_digest=found.content_digest,
        signer=dict(found.signer),
        log_index=found.log_index,
        download_url=links.archive(container.settings, found),
        moved_to=None if target is None else target.package,
    )


@router.get(
    "/{ns}/{name}/{version}/metadata",
    summary="The manifest with its record",
    responses=refusals(404),
)
async def metadata(
    ns: str, name: str, version: str, container: Container, response: Response
) -> dict[str, Any]:
    """Return the manifest as published, with sha256, signer and certificate chain."""
    found = await catalogue.version(container, ns, name, version)
    response.headers["Cache-Control"] = BRIEFLY
    chain = links.chain_pem(found.chain or ())
    return {
        **found.manifest,
        "sha256": found.sha256,
        "signer": dict(found.signer),
        "cert_chain_pem": chain,
    }


def _line(found: VersionFacts) -> dict[str, Any]:
    return {
        "version": found.version,
        "state": found.state,
        "sha256": found.sha256,
        "size": found.size,
        "published_at": found.published_at,
        "yanked_reason": found.yanked_reason,
        "deprecated": found.deprecated,
    }


def _described(manifest: Any) -> dict[str, Any]:
    return {
        "description": manifest["description"],
        "category": manifest.get("category", ""),
        "license": manifest.get("license"),
        "tags": manifest.get("tags", []),
        "dependencies": manifest.get("dependencies", {}),
        "requires": manifest.get("requires", {}),
        "files": manifest.get("files", []),
    }
