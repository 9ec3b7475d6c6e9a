"""Asking other servers over HTTP: an identity provider, a domain's proof, a mail hook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """A whole answer; redirects are answers too and are not followed."""

    status: int
    body: bytes


class Web(Protocol):
    """Sends one request and reads a bounded answer within seconds."""

    async def get(self, url: str, *, max_size: int, public_only: bool = False) -> WebAnswer:
        """Return the answer to a GET.

        ``public_only``: the host comes from a user, so only addresses of the public internet
        may be reached, and only by https.

        Raises:
            Unavailable: no answer, too slow, larger than ``max_size``, or a host that must not
                be reached.
        """
        ...

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        """Return the answer to a POST to a host that the operator named.

        Raises:
            Unavailable: as ``get``; the answer may have 64 KiB.
        """
        ...
