"""Logging in with an OIDC provider: there and back in a browser."""

from __future__ import annotations

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from skreg.api import device_page
from skreg.api.dependencies import Address, Container
from skreg.api.documented import refusals
from skreg.api.models import Session
from skreg.api.services import accounts, device, oidc
from skreg.api.services.sessions import LIFETIME
from skreg.errors import Unauthenticated

router = APIRouter(prefix="/v1/auth/oidc", tags=["accounts"])
_COOKIE = "skreg_oidc"
_PATH = "/v1/auth/oidc"


@router.get(
    "/start",
    status_code=302,
    response_class=Response,
    summary="Log in with the OIDC provider",
    responses=refusals(404, 422),
)
async def start(
    container: Container,
    user_code: str | None = Query(None, max_length=32, description="of a device that waits"),
) -> Response:
    """Redirect to the provider; it sends the browser back to `callback`."""
    departure = await oidc.begin(container, device.normalised(user_code) if user_code else None)
    answer = RedirectResponse(departure.url, 302, {"Cache-Control": "no-store"})
    answer.set_cookie(
        _COOKIE,
        departure.browser_secret,
        max_age=int(oidc.LIFETIME.total_seconds()),
        path=_PATH,
        httponly=True,
        samesite="lax",
        secure=container.settings.public_url.startswith("https:"),
    )
    return answer


@router.get(
    "/callback",
    response_model=Session,
    summary="Come back from the OIDC provider",
    responses=refusals(401, 403, 404, 409, 422),
)
async def callback(
    request: Request,
    container: Container,
    address: Address,
    state: str = Query("", max_length=200),
    code: str = Query("", max_length=4096),
) -> Response:
    """Open a session for whom the provider vouches.

    With a device that waits, the answer is a page on which the person approves it; otherwise
    it is the session, as `login` returns it.
    """
    browser = request.cookies.get(_COOKIE, "")
    if not state or not code or not browser:
        raise Unauthenticated("The OIDC provider sent no login.", fix="Begin it again.")
    arrival = await oidc.finish(container, state, code, browser)
    session = await accounts.open_session(container, arrival.account, address, by="oidc")
    answer = await _answer(container, arrival, session, address)
    answer.delete_cookie(_COOKIE, path=_PATH)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _answer(
    container: Container, arrival: oidc.Arrival, session: str, address: str | None
) -> Response:
    if arrival.user_code is None:
        found = Session(access_token=session, expires_in=int(LIFETIME.total_seconds()))
        return Response(found.model_dump_json(), media_type="application/json")
    waiting = await device.waiting(container, arrival.user_code, address)
    return device_page.decision(waiting, arrival.account.username, session)
