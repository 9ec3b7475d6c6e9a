"""Is the process alive; may it take requests."""

from __future__ import annotations

from fastapi import APIRouter, Response

from skreg.api.dependencies import Container
from skreg.api.models import Health
from skreg.api.services import readiness

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Health, summary="Is the process alive")
async def healthz() -> Health:
    """Answer 200 as long as the process runs, whatever else is down."""
    return Health(status="ok")


@router.get(
    "/readyz",
    response_model=Health,
    summary="May it take requests",
    responses={503: {"model": Health, "description": "Not yet, or without storage."}},
)
async def readyz(container: Container, response: Response) -> Health:
    """Answer 503 until the schema was once seen at this version's head, or without storage.

    Afterwards 200; `degraded` names the database, PKI or signer when they are away, and
    `renewal` when something is not renewed in time: installs go on meanwhile.
    """
    found = await readiness.check(container)
    if not found.ready:
        response.status_code = 503
        response.headers["Retry-After"] = "5"
        return Health(status="unready", degraded=found.degraded)
    return Health(status="degraded" if found.degraded else "ok", degraded=found.degraded)
