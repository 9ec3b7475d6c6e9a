"""Device login (RFC 8628): for programs, for a session, and as a page for people."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from skreg.api import device_page
from skreg.api.dependencies import Address, Caller, Container
from skreg.api.documented import refusals
from skreg.api.models_accounts import DeviceCode, DeviceDecision, DeviceRequest, DeviceToken
from skreg.api.problems import problem
from skreg.api.services import accounts, device
from skreg.api.services.device import Refusal
from skreg.domain.permissions import Action, authorise
from skreg.errors import Missing, Unauthenticated

router = APIRouter(tags=["accounts"])
_SCOPES = "^$|^(read|publish|yank|admin)( +(read|publish|yank|admin))*$"
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_PAGES: dict[int | str, dict[str, Any]] = {
    401: {"description": "The password is wrong.", "content": {"text/html": {}}},
    404: {"description": "No device waits under the code.", "content": {"text/html": {}}},
}
_TOLD = {
    Refusal.PENDING: "Nobody has approved this login yet.",
    Refusal.SLOW_DOWN: "Asked too soon: wait five seconds more each time from now on.",
    Refusal.DENIED: "The login was refused.",
    Refusal.EXPIRED: "The device code is unknown, used or expired.",
}


@router.post(
    "/v1/auth/device/code",
    response_model=DeviceCode,
    summary="Begin a device login",
    responses=refusals(422),
)
async def code(
    container: Container,
    address: Address,
    client_id: Annotated[str, Form(max_length=100)] = "skillpkg",
    scope: Annotated[
        str,
        Form(
            max_length=100,
            description="of read, publish, yank, admin; blank-separated",
            json_schema_extra={"pattern": _SCOPES},
        ),
    ] = "read",
) -> DeviceCode:
    """Return a code for the device and one for the person, RFC 8628, 3.1."""
    begun = await device.begin(container, client_id, scope.split(), address)
    page = f"{container.settings.public_url}/device"
    return DeviceCode(
        device_code=begun.device_code,
        user_code=begun.user_code,
        verification_uri=page,
        verification_uri_complete=f"{page}?user_code={begun.user_code}",
        expires_in=int(device.LIFETIME.total_seconds()),
        interval=device.PAUSE_SECONDS,
    )


@router.post(
    "/v1/auth/device/token",
    response_model=DeviceToken,
    summary="Fetch a device's token",
    responses=refusals(400, 409, 422),
)
async def token(
    request: Request,
    container: Container,
    address: Address,
    grant_type: Annotated[str, Form(max_length=100, json_schema_extra={"enum": [_GRANT]})],
    device_code: Annotated[str, Form(min_length=1, max_length=200)],
    client_id: Annotated[str, Form(max_length=100)] = "skillpkg",
) -> Response:
    """Return the token once the login is approved, RFC 8628, 3.4.

    Until then 400 with `error`: `authorization_pending`, `slow_down`, `access_denied` or
    `expired_token`.
    """
    if grant_type != _GRANT:
        return _refused(request, "unsupported_grant_type", f"Only {_GRANT} is possible here.")
    found = await device.collect(container, device_code, address)
    if isinstance(found, Refusal):
        return _refused(request, found.value, _TOLD[found])
    made = DeviceToken(
        access_token=found.issued.token,
        expires_in=device.TOKEN_DAYS * 86400,
        scope=" ".join(found.issued.scopes),
        token_id=found.issued.id,
        username=found.username,
    )
    return Response(
        made.model_dump_json(),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _refused(request: Request, error: str, detail: str) -> Response:
    return problem(request, 400, "device-login", detail, members={"error": error})


@router.get(
    "/v1/auth/device/requests/{user_code}",
    response_model=DeviceRequest,
    summary="A device that waits",
    responses=refusals(401, 403, 404),
)
async def waiting(user_code: str, container: Container, principal: Caller) -> DeviceRequest:
    """Return who asks for what, before it is approved; needs a session."""
    authorise(principal, Action.PROVE_ONESELF)
    found = await device.waiting(container, user_code, principal.address)
    return DeviceRequest.model_validate(found, from_attributes=True)


@router.post(
    "/v1/auth/device/approve",
    status_code=204,
    summary="Approve or refuse a device",
    responses=refusals(401, 403, 404, 422),
)
async def approve(body: DeviceDecision, container: Container, principal: Caller) -> None:
    """Let a device have a token of the caller, or not; needs a session."""
    await device.decide(container, principal, body.user_code, approved=body.approve)


@router.get(
    "/device",
    response_class=HTMLResponse,
    summary="The page that approves devices",
    responses={404: _PAGES[404], **refusals(422)},
)
async def page(
    container: Container, address: Address, user_code: str = Query("", max_length=32)
) -> HTMLResponse:
    """Ask for the code, then show what waits under it."""
    if not user_code:
        return device_page.asking()
    return await _shown(container, user_code, address)


async def _shown(
    container: Container, user_code: str, address: str | None, mistake: str = ""
) -> HTMLResponse:
    try:
        found = await device.waiting(container, user_code, address)
    except Missing as error:
        return device_page.asking(f"{error.what} {error.why}", 404)
    has_provider = container.settings.oidc_issuer is not None
    return device_page.login(found, has_provider=has_provider, mistake=mistake)


@router.post(
    "/device",
    response_class=HTMLResponse,
    summary="Approve a device on the page",
    responses={**_PAGES, **refusals(403, 422)},
)
async def submit(
    container: Container,
    address: Address,
    user_code: Annotated[str, Form(min_length=1, max_length=32)],
    decision: Annotated[str, Form(max_length=16)] = "refuse",
    username: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
    session: Annotated[str, Form(max_length=2048)] = "",
) -> HTMLResponse:
    """Approve or refuse, with username and password or the session of the page before.

    There is no cookie: another site cannot send this form in somebody's name.
    """
    try:
        opened = session or await accounts.log_in(container, username, password, address)
        principal = await accounts.identify(container, opened, address)
        approved = decision == "approve"
        await device.decide(container, principal, user_code, approved=approved)
    except Unauthenticated as error:
        return await _shown(container, user_code, address, error.what)
    except Missing as error:
        return device_page.asking(f"{error.what} {error.why}", 404)
    return device_page.done(approved=approved)
