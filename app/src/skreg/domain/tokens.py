"""API tokens: ``skreg_`` + 43 random characters + 6 of checksum; only their SHA-256 is kept.

The prefix lets secret scanners find a leaked token, the checksum lets a client or scanner tell
a mistyped one without asking the registry.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from dataclasses import dataclass

PREFIX = "skreg_"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 43
_CHECK_LENGTH = 6


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token at the only moment its secret is known; ``digest`` is 32 bytes."""

    secret: str
    digest: bytes
    hint: str


def mint() -> NewToken:
    """Return a fresh token with 256 bits of randomness."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    secret = PREFIX + body + _checksum(body)
    return NewToken(secret, digest_of(secret), secret[: len(PREFIX) + 4])


def looks_like(text: str) -> bool:
    """Whether ``text`` has a token's form and its checksum is right."""
    body = text.removeprefix(PREFIX)
    if body == text or len(body) != _RANDOM_LENGTH + _CHECK_LENGTH:
        return False
    return _checksum(body[:_RANDOM_LENGTH]) == body[_RANDOM_LENGTH:]


def digest_of(secret: str) -> bytes:
    """Return what the database keeps of a token: 32 bytes."""
    return hashlib.sha256(secret.encode()).digest()


def _checksum(body: str) -> str:
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        value, remainder = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[remainder] + digits
    return digits
