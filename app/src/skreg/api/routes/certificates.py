"""Publishers' certificates: a request in, a certificate out once the worker has issued it."""

from __future__ import annotations

from fastapi import APIRouter

from skreg.api import links
from skreg.api.dependencies import Caller
from skreg.api.documented import refusals
from skreg.api.models_moderation import (
    Certificate,
    CertificateList,
    CertificateRequest,
    RevocationRequest,
    SignedOnly,
)
from skreg.api.routes.moderation import OwnDesk, StaffDesk
from skreg.api.services import certifying
from skreg.db.queries.certificates import CertificateFacts

router = APIRouter(prefix="/v1", tags=["certificates"])
_PLACE = "/namespaces/{ns}/certificates"


@router.post(
    _PLACE,
    status_code=202,
    response_model=Certificate,
    summary="Ask for a publisher's certificate",
    responses=refusals(401, 403, 404, 422),
)
async def request(
    ns: str, body: CertificateRequest, desk: OwnDesk, principal: Caller
) -> Certificate:
    """Ask for a certificate with which this namespace signs its packages itself; for owners.

    The API holds no key: the worker issues it within a minute. Ask again for its `state`.
    """
    return _told(await certifying.request(desk, principal, ns, body.csr, body.days))


@router.get(
    _PLACE,
    response_model=CertificateList,
    summary="A namespace's certificates",
    responses=refusals(401, 403, 404),
)
async def listing(ns: str, desk: OwnDesk, principal: Caller) -> CertificateList:
    """List a namespace's certificates, newest first; for its members."""
    return _all_told(await certifying.listing(desk, principal, ns))


@router.put(
    _PLACE,
    response_model=CertificateList,
    summary="Take only what the namespace signs",
    responses=refusals(401, 403, 404, 422),
)
async def sign_only(ns: str, body: SignedOnly, desk: OwnDesk, principal: Caller) -> CertificateList:
    """Let the namespace take only versions that it signed itself, or others as well; for owners.

    What is published stays. A token alone then publishes nothing: the key must sign too.
    """
    found = await certifying.sign_only(desk, principal, ns, signed_only=body.signed_only)
    return _all_told(found)


@router.get(
    _PLACE + "/{certificate_id}",
    response_model=Certificate,
    summary="A certificate",
    responses=refusals(401, 403, 404),
)
async def one(ns: str, certificate_id: str, desk: OwnDesk, principal: Caller) -> Certificate:
    """Return one certificate, with its chain once it is issued."""
    return _told(await certifying.shown(desk, principal, ns, certificate_id))


@router.post(
    _PLACE + "/{certificate_id}/revoke",
    status_code=202,
    response_model=Certificate,
    summary="Revoke a certificate",
    responses=refusals(401, 403, 404, 409, 422),
)
async def revoke(
    ns: str, certificate_id: str, body: RevocationRequest, desk: OwnDesk, principal: Caller
) -> Certificate:
    """Revoke a certificate of the namespace; for owners.

    With `keyCompromise` everything it ever signed is refused from then on.
    """
    found = await certifying.revoke_own(desk, principal, ns, certificate_id, body.reason)
    return _told(found)


@router.post(
    "/admin/certificates/{certificate_id}/revoke",
    status_code=202,
    response_model=Certificate,
    summary="Revoke anybody's certificate",
    responses=refusals(401, 403, 404, 409, 422),
)
async def revoke_any(certificate_id: str, body: RevocationRequest, desk: StaffDesk) -> Certificate:
    """Revoke a publisher's certificate as an administrator."""
    return _told(await certifying.revoke(desk, certificate_id, body.reason))


def _all_told(found: tuple[list[CertificateFacts], bool]) -> CertificateList:
    listed, signed_only = found
    return CertificateList(results=[_told(item) for item in listed], signed_only=signed_only)


def _told(found: CertificateFacts) -> Certificate:
    chain = [item for item in (found.certificate, found.issuer) if item is not None]
    facts = {name: getattr(found, name) for name in Certificate.model_fields if name != "chain_pem"}
    return Certificate(**facts, chain_pem=links.chain_pem(chain) or None)
