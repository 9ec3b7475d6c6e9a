"""argon2id, off the event loop, with one answer and one cost whether or not the account exists."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from skreg.errors import Unprocessable

MIN_LENGTH, MAX_LENGTH = 8, 256
_SIMULTANEOUS = 2
"""Each hash takes 64 MiB: a burst of logins must not take all memory."""


class Passwords:
    """Hashes and checks passwords with argon2id's recommended parameters (RFC 9106, low memory)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._decoy: str | None = None
        self._turns = asyncio.Semaphore(_SIMULTANEOUS)

    async def hash(self, password: str) -> str:
        """Return the encoded hash of an acceptable password.

        Raises:
            Unprocessable: shorter than 8 or longer than 256 characters.
        """
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            detail = f"must have {MIN_LENGTH} to {MAX_LENGTH} characters, has {len(password)}"
            raise Unprocessable(
                "The password cannot be used.",
                why=f"It {detail}.",
                errors=[{"rule": "length", "path": "password", "detail": detail}],
            )
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, encoded: str | None) -> bool:
        """Whether the password is right; ``encoded`` None costs as much and is always False."""
        async with self._turns:
            return await asyncio.to_thread(self._matches, password[:MAX_LENGTH], encoded)

    def _matches(self, password: str, encoded: str | None) -> bool:
        if self._decoy is None:
            self._decoy = self._hasher.hash(secrets.token_urlsafe(24))
        try:
            self._hasher.verify(encoded or self._decoy, password)
        except (VerificationError, InvalidHashError):
            return False
        return encoded is not None
