"""What routes ask for: the container, and who is calling.

All are ``async``: FastAPI calls others in a thread, which costs more than what they do. They call
one another rather than depend: each dependency costs a request as much as a small query.
"""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from skreg.api.identity import identity_of
from skreg.api.services import sight
from skreg.bootstrap import ApiContainer
from skreg.db.queries.readers import Sight
from skreg.domain.permissions import Principal, only_reads
from skreg.errors import Forbidden, Unauthenticated

_bearer = HTTPBearer(auto_error=False, description="A session or an API token (`skreg_…`).")
_READS = ("GET", "HEAD")


def _container(request: Request) -> ApiContainer:
    return cast("ApiContainer", request.app.state.container)


async def container_of(request: Request) -> ApiContainer:
    """Return the process's container."""
    return _container(request)


async def address_of(request: Request) -> str | None:
    """Return where the request comes from, behind the proxies that are trusted."""
    return (await identity_of(request, _container(request))).address


Container = Annotated[ApiContainer, Depends(container_of)]
Address = Annotated[str | None, Depends(address_of)]
_Documented = Annotated[object, Depends(_bearer)]


async def _found(request: Request) -> Principal | None:
    """Return whose the credential is; when a token ends is noted for a header of the answer."""
    principal = (await identity_of(request, _container(request))).require()
    request.state.token_expires = principal.expires_at if principal else None
    return principal


def _reaches(request: Request, principal: Principal) -> bool:
    """Whether a token's limits include what the path names as ``{ns}`` and ``{name}``."""
    namespace = request.path_params.get("ns")
    return namespace is None or principal.reaches(namespace, request.path_params.get("name"))


async def maybe_caller(request: Request) -> Principal | None:
    """Return who is calling; None without a credential, or with a token for something else.

    Raises:
        Unauthenticated: a credential was sent and is not good.
    """
    found = await _found(request)
    return found if found is not None and _reaches(request, found) else None


async def holder(request: Request, _documented: _Documented = None) -> Principal:
    """Return whose the credential is, whatever it is limited to.

    Raises:
        Unauthenticated: no credential, or one that is not good.
    """
    found = await _found(request)
    if found is None:
        raise Unauthenticated(
            "This needs a login.", fix="Send Authorization: Bearer with a session or a token."
        )
    return found


async def caller(request: Request, _documented: _Documented = None) -> Principal:
    """Return who is calling, with a credential that may be used for this path and method.

    Raises:
        Unauthenticated: no credential, or one that is not good.
        Forbidden: the token is for something else, or only for reading.
    """
    found = await holder(request)
    if not _reaches(request, found):
        raise Forbidden(
            "This token is not for that.", why=f"It is limited to {', '.join(found.limits)}."
        )
    if found.read_only and request.method not in _READS:
        raise only_reads()
    return found


async def seen(request: Request) -> Sight:
    """Return which packages lists may show to whoever asks."""
    container = _container(request)
    return await sight.of(container, (await identity_of(request, container)).principal)


Seen = Annotated[Sight, Depends(seen)]
Holder = Annotated[Principal, Depends(holder)]
Caller = Annotated[Principal, Depends(caller)]
MaybeCaller = Annotated[Principal | None, Depends(maybe_caller)]
