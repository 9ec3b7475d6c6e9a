"""Who packages of a private registry are for."""

from __future__ import annotations

from fastapi import APIRouter

from skreg.api.dependencies import Caller, Container
from skreg.api.documented import refusals
from skreg.api.models_limits import NamespaceRestriction, PackageReaders, PackageRestriction
from skreg.api.services import readers

router = APIRouter(prefix="/v1", tags=["private reads"])
_REFUSALS = refusals(401, 403, 404, 409, 422)


@router.get(
    "/packages/{ns}/{name}/readers",
    response_model=PackageReaders,
    summary="Who a package is for",
    responses=_REFUSALS,
)
async def show(ns: str, name: str, container: Container, principal: Caller) -> PackageReaders:
    """Return whether a package is restricted, and its readers; for members of its namespace."""
    return _told(await readers.show(container, principal, ns, name))


@router.put(
    "/packages/{ns}/{name}/readers",
    response_model=PackageReaders,
    summary="Restrict a package to readers",
    responses=_REFUSALS,
)
async def restrict(
    ns: str, name: str, body: PackageRestriction, container: Container, principal: Caller
) -> PackageReaders:
    """Set whether only members and readers may read a package of a private registry."""
    return _told(await readers.restrict(container, principal, ns, name, body.restricted))


@router.put(
    "/packages/{ns}/{name}/readers/{username}",
    response_model=PackageReaders,
    summary="Add a reader",
    responses=_REFUSALS,
)
async def add(
    ns: str, name: str, username: str, container: Container, principal: Caller
) -> PackageReaders:
    """Let an account read a restricted package."""
    return _told(await readers.set_reader(container, principal, (ns, name), username, may=True))


@router.delete(
    "/packages/{ns}/{name}/readers/{username}",
    response_model=PackageReaders,
    summary="Remove a reader",
    responses=_REFUSALS,
)
async def remove(
    ns: str, name: str, username: str, container: Container, principal: Caller
) -> PackageReaders:
    """Take an account off a package's readers; its next read is refused."""
    return _told(await readers.set_reader(container, principal, (ns, name), username, may=False))


@router.put(
    "/namespaces/{ns}/restriction",
    response_model=NamespaceRestriction,
    summary="Restrict a namespace's packages",
    responses=_REFUSALS,
)
async def restrict_namespace(
    ns: str, body: NamespaceRestriction, container: Container, principal: Caller
) -> NamespaceRestriction:
    """Set what packages of the namespace are that say nothing themselves, new ones included."""
    await readers.restrict_namespace(container, principal, ns, restricted=body.restricted)
    return body


def _told(found: readers.Readers) -> PackageReaders:
    return PackageReaders(restricted=found.restricted, own=found.own, readers=found.readers)
