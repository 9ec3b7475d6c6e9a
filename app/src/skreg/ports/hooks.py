"""Sending an event to an address that a user named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class HookRefused(Exception):
    """The address must not be reached, whatever it would answer."""


class HookUnreached(Exception):
    """There was no answer."""


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What a receiver said; nothing else of its answer is kept."""

    status: int


class Hooks(Protocol):
    """Sends."""

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> HookAnswer:
        """Send one POST and return its status; redirects are answers and are not followed.

        Raises:
            HookRefused: the address is not one that may be reached from here.
            HookUnreached: no answer within ten seconds.
        """
        ...
