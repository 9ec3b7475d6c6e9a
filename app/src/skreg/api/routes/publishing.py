"""Publish, status, yank."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from skreg.api.body import read_upload
from skreg.api.dependencies import Caller, Container, MaybeCaller
from skreg.api.documented import refusals
from skreg.api.models import Accepted, Changed, Status, YankRequest
from skreg.api.services import catalogue, publishing, signed_uploads, yanking

router = APIRouter(prefix="/v1/packages", tags=["publishing"])
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["archive"],
                    "properties": {
                        "archive": {
                            "type": "string",
                            "format": "binary",
                            "description": "The .skill file, at most 10 MiB.",
                        },
                        "signature": {
                            "type": "string",
                            "format": "binary",
                            "description": "The publisher's own signature over the archive: DER "
                            "ECDSA on P-256 with SHA-256, or the same in base64.",
                        },
                        "chain": {
                            "type": "string",
                            "description": "With `signature`: the publisher's certificate and "
                            "the CA's that issued it, in PEM, leaf first.",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "/{ns}/{name}/publish",
    status_code=202,
    response_model=Accepted,
    summary="Publish a version",
    openapi_extra=_UPLOAD,
    responses={
        **refusals(401, 403, 404, 409, 413, 422),
        200: {"model": Accepted, "description": "These bytes had been taken before."},
    },
)
async def publish(
    ns: str,
    name: str,
    request: Request,
    response: Response,
    container: Container,
    principal: Caller,
) -> Accepted:
    """Take an archive for vetting, signing and publication.

    The version number belongs to these bytes from then on: the same again is answered with the
    present state, other bytes with 409. Ask `status_url` how far it is.

    With `signature` and `chain` it is published as signed by its publisher; both are verified
    now. Without them the registry signs it after vetting.
    """
    permit = await publishing.permit(container, principal, ns, name)
    upload = await read_upload(request)
    submission = signed_uploads.submission_of(upload)
    found = await publishing.accept(
        container, principal, permit, (ns, name), upload.archive, submission=submission
    )
    response.status_code = 202 if found.new else 200
    path = f"/v1/packages/{ns}/{name}/{found.version}/status"
    return Accepted(
        namespace=ns,
        name=name,
        version=found.version,
        sha256=found.sha256,
        content_digest=found.content_digest,
        state=found.state,
        status_url=container.settings.public_url + path,
    )


@router.get(
    "/{ns}/{name}/{version}/status",
    response_model=Status,
    summary="How far a version is",
    responses=refusals(401, 404),
)
async def status(
    ns: str, name: str, version: str, container: Container, principal: MaybeCaller
) -> Status:
    """Return state, finished steps and findings; members only until the version is published."""
    facts, work = await catalogue.status(container, principal, ns, name, version)
    return Status.model_validate(
        {
            "namespace": facts.namespace,
            "name": facts.name,
            "version": facts.version,
            "state": facts.state,
            "steps": list(work.steps),
            "findings": list(work.findings),
        }
    )


@router.post(
    "/{ns}/{name}/{version}/yank",
    response_model=Changed,
    summary="Yank a version",
    responses=refusals(401, 403, 404, 409, 422),
)
async def yank(
    ns: str,
    name: str,
    version: str,
    container: Container,
    principal: Caller,
    body: YankRequest | None = None,
) -> Changed:
    """Hide a version from fresh resolution; a lock still installs it, with a warning."""
    reason = body.reason if body else ""
    state = await yanking.set_yanked(
        container, principal, (ns, name, version), reason=reason, yanked=True
    )
    return Changed(namespace=ns, name=name, version=version, state=state)


@router.post(
    "/{ns}/{name}/{version}/unyank",
    response_model=Changed,
    summary="Take a yank back",
    responses=refusals(401, 403, 404, 409, 422),
)
async def unyank(
    ns: str, name: str, version: str, container: Container, principal: Caller
) -> Changed:
    """Offer a yanked version again."""
    state = await yanking.set_yanked(
        container, principal, (ns, name, version), reason="", yanked=False
    )
    return Changed(namespace=ns, name=name, version=version, state=state)
