"""Who a request comes from, found out once: what stands before the routes and they share it."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass

from starlette.requests import Request

from skreg.api.client_address import client_address
from skreg.api.services import accounts
from skreg.bootstrap import ApiContainer
from skreg.domain.permissions import Principal
from skreg.errors import Forbidden, Unauthenticated


@dataclass(frozen=True, slots=True)
class Identity:
    """The outcome: a caller, nobody, or why the credential that was sent is not good.

    Attributes:
        address: where the request comes from, behind the trusted proxies.
    """

    address: str | None
    principal: Principal | None = None
    refusal: Unauthenticated | Forbidden | None = None

    def require(self) -> Principal | None:
        """Return the caller, None without a credential.

        Raises:
            Unauthenticated, Forbidden: the credential is not good.
        """
        if self.refusal is not None:
            raise self.refusal
        return self.principal


async def identity_of(request: Request, container: ApiContainer) -> Identity:
    """Return who asks; the second question about one request costs nothing."""
    known = getattr(request.state, "identity", None)
    if isinstance(known, Identity):
        return known
    found = await _identify(request, container)
    request.state.identity = found
    return found


async def _identify(request: Request, container: ApiContainer) -> Identity:
    address = client_address(request, container.settings.trusted_proxies)
    credential = credential_of(request)
    if credential is None:
        return Identity(address)
    try:
        return Identity(address, await accounts.identify(container, credential, address))
    except (Unauthenticated, Forbidden) as error:
        return Identity(address, refusal=error)


def credential_of(request: Request) -> str | None:
    """Return the session or token that was sent: Bearer, or Basic with it as the password."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    kind = scheme.lower()
    if kind == "bearer":
        return value.strip() or None
    return _password(value) if kind == "basic" else None


def _password(value: str) -> str:
    """Return the password of Basic credentials; what cannot be read is no good credential."""
    try:
        username, _, password = b64decode(value.strip(), validate=True).decode().partition(":")
    except (NotBase64, ValueError):
        return ""
    return password or username
