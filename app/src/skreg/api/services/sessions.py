"""Session JWTs: 15 minutes, HS256, with a key that lives in the database and is renewed."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy.ext.asyncio import AsyncEngine

from skreg.db.engine import reading, writing
from skreg.db.queries import credentials
from skreg.errors import Unauthenticated
from skreg.ports.clock import Clock

LIFETIME = timedelta(minutes=15)
_KEY_AGE = timedelta(days=30)
_CACHE_SECONDS = 60.0
_ISSUER = "skreg"


@dataclass(frozen=True, slots=True)
class _Keys:
    signing: OctKey
    by_id: dict[str, OctKey]
    read_at: float


class Sessions:
    """Issues and reads session tokens; any API process reads what another one issued."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._keys: _Keys | None = None

    async def issue(self, account_id: int) -> str:
        """Return a token that names the account for 15 minutes."""
        key = (await self._current()).signing
        now = int(self._clock().timestamp())
        claims: dict[str, object] = {
            "iss": _ISSUER,
            "sub": str(account_id),
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode({"alg": "HS256", "kid": key.kid or ""}, claims, key, algorithms=["HS256"])

    async def account_of(self, token: str) -> int:
        """Return the account that a session token names.

        Raises:
            Unauthenticated: not a token of this registry, or expired.
        """
        keys = await self._current()
        try:
            found = jwt.decode(token, lambda item: _pick(item, keys), algorithms=["HS256"])
            registry = jwt.JWTClaimsRegistry(
                now=lambda: int(self._clock().timestamp()),
                iss={"essential": True, "value": _ISSUER},
                sub={"essential": True},
                exp={"essential": True},
            )
            registry.validate(found.claims)
            return int(found.claims["sub"])
        except (JoseError, ValueError) as error:
            raise Unauthenticated(
                "The session is not valid.", why="Expired or unknown.", fix="Log in again."
            ) from error

    async def _current(self) -> _Keys:
        if self._keys is None or time.monotonic() - self._keys.read_at > _CACHE_SECONDS:
            self._keys = await self._read()
        return self._keys

    async def _read(self) -> _Keys:
        async with reading(self._engine) as connection:
            found = await credentials.session_keys(connection)
        if not found or self._clock() - found[0].created_at > _KEY_AGE:
            async with writing(self._engine) as connection:
                key_id, secret = secrets.token_hex(8), secrets.token_bytes(32)
                await credentials.insert_session_key(connection, key_id, secret)
                found = await credentials.session_keys(connection)
        keys = {item.id: _key(item) for item in found}
        return _Keys(keys[found[0].id], keys, time.monotonic())


def _key(facts: credentials.SessionKeyFacts) -> OctKey:
    return OctKey.import_key(facts.secret, {"kid": facts.id})


def _pick(item: object, keys: _Keys) -> OctKey:
    """Return the key that the token's header names; another or no name is refused."""
    headers = item.headers() if hasattr(item, "headers") else {}
    kid = headers.get("kid")
    if not isinstance(kid, str) or kid not in keys.by_id:
        raise ValueError("unknown session key")
    return keys.by_id[kid]
