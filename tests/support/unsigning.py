"""Makes signing raise while the API answers, in processes where a worker signs beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from skreg import signing
from skreg.adapters import signers
from support.asgi import AsgiClient

_answering: ContextVar[bool] = ContextVar("answering", default=False)


def refuse_while_answering() -> None:
    """Raise where the API answers a request: threads that it starts inherit that."""
    if _answering.get():
        raise AssertionError("the API asked for a signature")


@contextmanager
def api_that_cannot_sign() -> Iterator[None]:
    """While this holds, every signer raises when it is opened or used inside a request."""
    request, sign, opened = AsgiClient.request, signing.VerifiedSigner.sign, signers.open_signer

    async def marked(self: AsgiClient, *args: Any, **more: Any) -> Any:
        token = _answering.set(True)
        try:
            return await request(self, *args, **more)
        finally:
            _answering.reset(token)

    def guarded_sign(self: signing.VerifiedSigner, data: bytes, purpose: str) -> bytes:
        refuse_while_answering()
        return sign(self, data, purpose)

    def guarded_open(*args: Any, **more: Any) -> Any:
        refuse_while_answering()
        return opened(*args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsgiClient, "request", marked)
        patch.setattr(signing.VerifiedSigner, "sign", guarded_sign)
        patch.setattr(signers, "open_signer", guarded_open)
        yield
