"""What one request asks for, taken from its ASGI scope once."""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import Scope, Send

_HEEDED: Final = frozenset((b"if-none-match", b"range", b"if-range", b"x-request-id"))
_HARMLESS: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}", re.ASCII)
# The start of the process and a counter: unique, and far cheaper than random bits per request.
_process: Final = os.urandom(8).hex().encode()
_counter: Final = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Request:
    """A request's method, the headers that are heeded, its id, and the way to answer it."""

    scope: Scope
    send: Send
    method: str
    asked: dict[bytes, bytes]
    id: bytes

    @property
    def head(self) -> bool:
        """True when the answer has no body."""
        return self.method == "HEAD"


def read(scope: Scope, send: Send) -> Request:
    """Take the request from its scope; a proxy's request id is kept when it is harmless."""
    asked = {name: value for name, value in scope["headers"] if name in _HEEDED}
    given = asked.get(b"x-request-id")
    harmless = given is not None and _HARMLESS.fullmatch(given)
    return Request(scope, send, scope["method"], asked, given if harmless and given else new_id())


def new_id() -> bytes:
    """Return an identifier that no other request of this service has."""
    return b"%s-%x" % (_process, next(_counter))
