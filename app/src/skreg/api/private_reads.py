"""The read plane of a private registry: who may read which object, and from where it comes."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request

from skreg.api.identity import Identity, identity_of
from skreg.api.readplane.paths import key_of
from skreg.api.readplane.replies import Problem, problem_of
from skreg.api.readplane.sources import missing
from skreg.api.services import limits, sight
from skreg.bootstrap import ApiContainer
from skreg.domain.permissions import Principal, Scope
from skreg.domain.visibility import Reach, object_package, reach_of
from skreg.errors import BlobMissing, Forbidden, StorageUnavailable, Unauthenticated

if TYPE_CHECKING:
    from starlette.types import Scope as AsgiScope

SIGNED_SECONDS = 60
"""How long a presigned URL is good: the client follows it at once."""
_BUNDLE_SECONDS = 60.0
_CHALLENGE = ((b"www-authenticate", b'Bearer, Basic realm="skreg"'),)
_UNKNOWN = Problem(404, "not-found", "No object has such a path.")


class PrivateReads:
    """Decides on each read; a package that the caller may not read is as one that is not there."""

    def __init__(self, container: ApiContainer) -> None:
        self._container = container

    async def __call__(self, scope: AsgiScope) -> Problem | None:
        """Return the refusal, or None to go on.

        Raises:
            DatabaseUnavailable: nobody can be told from anybody else now.
        """
        key = key_of(scope.get("raw_path") or scope["path"].encode())
        reach = Reach.READERS if key is None else reach_of(key)
        if reach is Reach.EVERYBODY:
            return None
        container = self._container
        identity = await identity_of(Request(scope), container)
        principal = identity.principal
        if principal is None:
            return await _unknown_caller(container, identity)
        return _UNKNOWN if key is None else await _refusal(container, principal, key, reach)


async def _unknown_caller(container: ApiContainer, identity: Identity) -> Problem:
    """Ask for a token; whoever sends bad ones is counted as the API counts."""
    if identity.refusal is not None:
        rate = await limits.charge(container, None, identity.address)
        if rate.is_exceeded:
            error = limits.refusal(container, rate, None)
            wait = (b"retry-after", b"%d" % error.retry_after)
            return Problem(error.status, error.slug, error.what, (wait,))
    refusal = identity.refusal or Unauthenticated(
        "This registry is private.",
        fix="Send a token as Authorization: Bearer, or as the password of Basic.",
    )
    told = problem_of(refusal)
    challenge = _CHALLENGE if isinstance(refusal, Unauthenticated) else ()
    return Problem(told.status, told.slug, told.detail, challenge)


async def _refusal(
    container: ApiContainer, principal: Principal, key: str, reach: Reach
) -> Problem | None:
    try:
        principal.require(Scope.READ)
        if reach is Reach.STAFF and not principal.is_admin:
            raise Forbidden("The log's entries are for the registry's administrators.")
    except Forbidden as error:
        return problem_of(error)
    package = object_package(key)
    if package is not None and not await sight.may_read(container, principal, *package):
        return problem_of(missing(key))
    return None


class Elsewhere:
    """Where a large object can be fetched without passing through this process.

    Only a store whose host the signed trust bundle names is handed out: clients follow no other.
    """

    def __init__(
        self, container: ApiContainer, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._container, self._clock = container, clock
        self._hosts: frozenset[str] = frozenset()
        self._read_at = -_BUNDLE_SECONDS

    async def __call__(self, key: str) -> str | None:
        """Return a short-lived URL of the object, None to stream it.

        Raises:
            StorageUnavailable: the store does not answer.
        """
        if not (hosts := await self._allowed(self._container)):
            return None
        url = await self._container.storage.presign_get(key, SIGNED_SECONDS)
        if url is None:
            return None
        parts = urlsplit(url)
        return url if parts.scheme == "https" and parts.hostname in hosts else None

    async def _allowed(self, container: ApiContainer) -> frozenset[str]:
        if self._clock() - self._read_at >= _BUNDLE_SECONDS:
            try:
                envelope = json.loads(await container.storage.get("trust/latest.json"))
                payload = json.loads(b64decode(envelope["payload"]))
                self._hosts = frozenset(map(str, payload["redirect_hosts"]))
            except (BlobMissing, StorageUnavailable):
                self._hosts = frozenset()
            self._read_at = self._clock()
        return self._hosts
