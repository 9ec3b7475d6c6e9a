"""Makes signing raise while the API answers, in processes where a worker signs beside it.

Every suite that asks an API in its own process does so through ``support.asgi`` or
``support.served``, which come here; API processes of their own have ``no_signing`` instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from skreg import signing
from skreg.adapters import signers

_answering: ContextVar[bool] = ContextVar("answering", default=False)
_sign, _open = signing.VerifiedSigner.sign, signers.open_signer


@contextmanager
def answering() -> Iterator[None]:
    """While this holds, every signer raises when it is opened or used; so in threads begun here."""
    token = _answering.set(True)
    try:
        yield
    finally:
        _answering.reset(token)


class Unsigning:
    """An ASGI application that answers without any signer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with answering():
            await self._app(scope, receive, send)


def _refuse_while_answering() -> None:
    if _answering.get():
        raise AssertionError("the API asked for a signature")


def _guarded_sign(self: signing.VerifiedSigner, data: bytes, purpose: str) -> bytes:
    _refuse_while_answering()
    return _sign(self, data, purpose)


def _guarded_open(*args: Any, **more: Any) -> Any:
    _refuse_while_answering()
    return _open(*args, **more)


# For as long as the process lives: no test may forget it.
signing.VerifiedSigner.sign = _guarded_sign  # type: ignore[method-assign]
signers.open_signer = _guarded_open
