"""Sign up, log in and out, who am I, passwords and mail addresses."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Request

from skreg.api.dependencies import Address, Caller, Container, Holder
from skreg.api.documented import refusals
from skreg.api.identity import credential_of
from skreg.api.models import Account, Credentials, Session, SignedUp, SignUp
from skreg.api.models_accounts import EmailChange, PasswordChange, Reset, ResetRequest
from skreg.api.services import accounts, lockout, mail_addresses, resets
from skreg.api.services.sessions import LIFETIME

router = APIRouter(prefix="/v1/auth", tags=["accounts"])


@router.post(
    "/signup",
    status_code=201,
    response_model=SignedUp,
    summary="Create an account",
    responses=refusals(403, 409, 422),
)
async def signup(body: SignUp, container: Container, address: Address) -> SignedUp:
    """Create an account and the namespace of the same name, which it owns."""
    found = await accounts.sign_up(container, body.username, body.password, body.email, address)
    return SignedUp(account=_account(found))


@router.post(
    "/login", response_model=Session, summary="Open a session", responses=refusals(401, 422)
)
async def login(body: Credentials, container: Container, address: Address) -> Session:
    """Exchange username and password for a session of 15 minutes.

    An unknown account and a wrong password are told apart by nothing. After ten attempts in 15
    minutes from one place the rest of them is waited out.
    """
    token = await accounts.log_in(container, body.username, body.password, address)
    return Session(access_token=token, expires_in=int(LIFETIME.total_seconds()))


@router.post("/logout", status_code=204, summary="End the session", responses=refusals(401))
async def logout(request: Request, container: Container, principal: Holder) -> None:
    """End the session at once; with an API token, revoke that token."""
    await accounts.log_out(container, credential_of(request) or "", principal)


@router.get("/me", response_model=Account, summary="Who am I", responses=refusals(401))
async def me(container: Container, principal: Holder) -> Account:
    """Return the account that the credential belongs to."""
    return _account(await accounts.describe(container, principal))


@router.post(
    "/password",
    status_code=204,
    summary="Change the password",
    responses=refusals(401, 403, 422),
)
async def password(body: PasswordChange, container: Container, principal: Caller) -> None:
    """Set another password; every session ends, this one too. API tokens stay."""
    await resets.change(container, principal, body.current_password, body.new_password)


@router.post(
    "/email",
    status_code=204,
    summary="Change the mail address",
    responses=refusals(401, 403, 422),
)
async def email(body: EmailChange, container: Container, principal: Caller) -> None:
    """Set another mail address, or none; every session ends, this one too. API tokens stay.

    The old address is told, and reset codes that were given out are void.
    """
    await mail_addresses.change(container, principal, body.current_password, body.email)


@router.post(
    "/reset/request", status_code=202, summary="Ask for a reset code", responses=refusals(422)
)
async def reset_request(
    body: ResetRequest, container: Container, address: Address, later: BackgroundTasks
) -> None:
    """Mail a reset code to the account's address, when there are both.

    The answer is the same and comes as quickly when there is no such account.
    """
    await lockout.charge_address(container, "reset-request", address)
    later.add_task(resets.send, container, body.username)


@router.post("/reset", status_code=204, summary="Use a reset code", responses=refusals(422))
async def reset(body: Reset, container: Container, address: Address) -> None:
    """Set a new password with a code that works once; every session ends."""
    await resets.use(
        container, body.code, body.new_password, address, revoke_tokens=body.revoke_tokens
    )


def _account(found: accounts.AccountView) -> Account:
    return Account(
        username=found.username,
        email=found.email,
        is_admin=found.is_admin,
        namespaces=found.namespaces,
    )
