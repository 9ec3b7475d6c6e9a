"""What routes ask for: the container, and who is calling."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from skreg.api.identity import credential_of, identity_of
from skreg.bootstrap import ApiContainer
from skreg.domain.permissions import Principal
from skreg.errors import Unauthenticated

_bearer = HTTPBearer(auto_error=False, description="A session or an API token (`skreg_…`).")


def container_of(request: Request) -> ApiContainer:
    """Return the process's container."""
    return cast("ApiContainer", request.app.state.container)


Container = Annotated[ApiContainer, Depends(container_of)]


async def maybe_caller(request: Request, container: Container) -> Principal | None:
    """Return who is calling; None without a credential.

    Raises:
        Unauthenticated: a credential was sent and is not good.
        Forbidden: the token is not for the network that the request comes from.
    """
    return (await identity_of(request, container)).require()


async def caller(
    found: Annotated[Principal | None, Depends(maybe_caller)],
    _documented: Annotated[object, Depends(_bearer)],
) -> Principal:
    """Return who is calling.

    Raises:
        Unauthenticated: no credential, or one that is not good.
    """
    if found is None:
        raise Unauthenticated(
            "This needs a login.", fix="Send Authorization: Bearer with a session or a token."
        )
    return found


__all__ = ["Caller", "Container", "MaybeCaller", "container_of", "credential_of"]

Caller = Annotated[Principal, Depends(caller)]
MaybeCaller = Annotated[Principal | None, Depends(maybe_caller)]
