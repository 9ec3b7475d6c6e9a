"""Sign up, log in, who am I."""

from __future__ import annotations

from fastapi import APIRouter

from skreg.api.dependencies import Caller, Container
from skreg.api.models import Account, Credentials, Session, SignedUp, SignUp
from skreg.api.services import accounts
from skreg.api.services.sessions import LIFETIME

router = APIRouter(prefix="/v1/auth", tags=["accounts"])


@router.post("/signup", status_code=201, response_model=SignedUp, summary="Create an account")
async def signup(body: SignUp, container: Container) -> SignedUp:
    """Create an account and the namespace of the same name, which it owns."""
    found = await accounts.sign_up(container, body.username, body.password, body.email)
    return SignedUp(account=_account(found))


@router.post("/login", response_model=Session, summary="Open a session")
async def login(body: Credentials, container: Container) -> Session:
    """Exchange username and password for a session of 15 minutes.

    An unknown account and a wrong password are told apart by nothing.
    """
    token = await accounts.log_in(container, body.username, body.password)
    return Session(access_token=token, expires_in=int(LIFETIME.total_seconds()))


@router.get("/me", response_model=Account, summary="Who am I")
async def me(container: Container, principal: Caller) -> Account:
    """Return the account that the credential belongs to."""
    return _account(await accounts.describe(container, principal))


def _account(found: accounts.AccountView) -> Account:
    return Account(
        username=found.username,
        email=found.email,
        is_admin=found.is_admin,
        namespaces=found.namespaces,
    )
