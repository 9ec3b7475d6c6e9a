"""Bounded reads of the objects that a signed statement promises."""

from __future__ import annotations

import hashlib

from skillpkg.errors import Check, NotFound
from skillpkg.install.modes import refusal
from skillpkg.install.ports import ReadPlane

MAX_TIMESTAMP = 64 * 1024
MAX_TILE = 8192
MAX_BIN = 1024 * 1024
MAX_INDEX = 8 * 1024 * 1024
MAX_RELEASE = 128 * 1024
MAX_CHECKPOINT = 1_000_000


def fetch(
    read: ReadPlane, path: str, *, check: Check, max_size: int, immutable: bool = False
) -> bytes:
    """Return an object that must be there.

    Raises:
        VerificationRefused: ``check``, when it is absent or too long.
        NetworkFailure: the registry could not be reached.
    """
    try:
        data = read.get(path, max_size=max_size, immutable=immutable)
    except NotFound as error:
        raise refusal(
            check,
            f"The registry does not have {path}.",
            "Its signed statements promise this object, so the copy that answered is not whole.",
            "Try again in a minute; a copy of the registry may be behind.",
        ) from error
    return require_size(data, path, check, max_size)


def require_size(data: bytes, path: str, check: Check, max_size: int) -> bytes:
    """Return ``data`` when it is no longer than ``max_size``; ``check`` refuses otherwise."""
    if len(data) > max_size:
        raise refusal(check, f"{path} is longer than the {max_size} bytes it may have.")
    return data


def require_sha256(data: bytes, expected: str, path: str, check: Check) -> bytes:
    """Return ``data`` when it hashes to ``expected`` (hex); ``check`` refuses otherwise.

    Args:
        path: where the object came from, or words for it that a person knows.
    """
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        raise refusal(
            check,
            f"{path} holds other bytes than the registry promised.",
            f"Its sha256 is {found}, and {expected} was promised.",
        )
    return data
