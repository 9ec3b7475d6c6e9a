"""Idempotency keys: the first answer is kept for a day and given again for the same request.

Answers hold secrets, such as a new token. So each is sealed under its own key, which the client
chose and the database has only as part of a hash: to read one takes the key.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from skreg.bootstrap import ApiContainer
from skreg.db.pool import writing
from skreg.db.queries import idempotency
from skreg.errors import Conflict, Unprocessable

_NONCE = 12


@dataclass(frozen=True, slots=True)
class KeyedCall:
    """One request with a key; ``scope`` is caller, method and target, ``body`` a SHA-256."""

    key: str
    scope: str
    body: bytes

    @property
    def digest(self) -> bytes:
        """What the database knows the key by: 32 bytes."""
        return hashlib.sha256(f"{self.scope}\0{self.key}".encode()).digest()

    def cipher(self) -> AESGCM:
        """Return what seals and opens the answer."""
        return AESGCM(HKDF(SHA256(), 32, self.digest, b"skreg answer 1").derive(self.key.encode()))


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def begin(container: ApiContainer, call: KeyedCall) -> StoredAnswer | None:
    """Take the key for a first request (None), or return the answer that it got.

    Raises:
        Unprocessable: the key was used with another body.
        Conflict: the first request with it is still worked on.
    """
    async with writing(container.pool) as connection:
        if await idempotency.claim(connection, call.digest, call.body):
            return None
        found = await idempotency.known(connection, call.digest)
    if found is not None and found.request_hash != call.body:
        error = {"rule": "idempotency-key", "path": "Idempotency-Key", "detail": "was used before"}
        raise Unprocessable(
            "This idempotency key belongs to another request.",
            why="The body differs from the one that it was first sent with.",
            fix="Use a new key for a new request.",
            errors=[error],
        )
    stored = None if found is None else _open(call, found)
    if stored is None:
        raise Conflict(
            "The first request with this idempotency key is not answered yet.",
            fix="Send it again in a moment.",
        )
    return stored


async def finish(container: ApiContainer, call: KeyedCall, answer: StoredAnswer) -> None:
    """Keep the answer of a request that did something; else free the key for another try."""
    async with writing(container.pool) as connection:
        if 200 <= answer.status < 300:
            await idempotency.keep(connection, call.digest, answer.status, _seal(call, answer))
        else:
            await idempotency.release(connection, call.digest)


def _seal(call: KeyedCall, answer: StoredAnswer) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    told = {"headers": dict(answer.headers), "body": b64encode(answer.body).decode()}
    return nonce + call.cipher().encrypt(nonce, json.dumps(told).encode(), None)


def _open(call: KeyedCall, found: idempotency.KeyedRequest) -> StoredAnswer | None:
    if found.status is None or found.response is None:
        return None
    try:
        plain = call.cipher().decrypt(found.response[:_NONCE], found.response[_NONCE:], None)
    except InvalidTag:
        return None
    told = json.loads(plain)
    return StoredAnswer(found.status, told["headers"], b64decode(told["body"]))
