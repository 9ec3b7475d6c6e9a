"""Session JWTs: 15 minutes, HS256, with keys that live in the database, sealed, and are renewed."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from skreg.api.services.sealing import Sealing
from skreg.db.pool import Connection, Pool, reading, writing
from skreg.db.queries import credentials
from skreg.db.queries.credentials import SessionKeyFacts
from skreg.errors import Unauthenticated
from skreg.ports.clock import Clock

LIFETIME = timedelta(minutes=15)
_KEY_AGE = timedelta(days=30)
_CACHE_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 1.0
"""A key nobody knows may be another process's new one: look again, but not at every forgery."""
_ISSUER = "skreg"


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """What a good session token says; whether it was ended since is in the database."""

    account_id: int
    session_id: str
    generation: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Keys:
    signing: OctKey
    by_id: dict[str, OctKey]
    read_at: float


class Sessions:
    """Issues and reads session tokens; any API process reads what another one issued.

    Args:
        sealing: seals the keys in the database; None keeps them there as they are.
    """

    def __init__(self, pool: Pool, clock: Clock, sealing: Sealing | None = None) -> None:
        self._pool = pool
        self._clock = clock
        self._sealing = sealing
        self._keys: _Keys | None = None

    async def issue(self, account_id: int, generation: int = 0) -> str:
        """Return a token that names the account for 15 minutes."""
        key = (await self._current(_CACHE_SECONDS)).signing
        now = int(self._clock().timestamp())
        claims: dict[str, object] = {
            "iss": _ISSUER,
            "sub": str(account_id),
            "gen": generation,
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode({"alg": "HS256", "kid": key.kid or ""}, claims, key, algorithms=["HS256"])

    async def read(self, token: str) -> SessionClaims:
        """Return what a session token says.

        Raises:
            Unauthenticated: not a token of this registry, or expired.
        """
        try:
            keys = await self._keys_for(token)
            found = jwt.decode(token, lambda item: _pick(item, keys), algorithms=["HS256"])
            registry = jwt.JWTClaimsRegistry(
                now=lambda: int(self._clock().timestamp()),
                iss={"essential": True, "value": _ISSUER},
                sub={"essential": True},
                exp={"essential": True},
                jti={"essential": True},
            )
            registry.validate(found.claims)
            return _claims(found.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise Unauthenticated(
                "The session is not valid.", why="Expired or unknown.", fix="Log in again."
            ) from error

    async def _keys_for(self, token: str) -> _Keys:
        keys = await self._current(_CACHE_SECONDS)
        if _named_key(token) in keys.by_id:
            return keys
        return await self._current(_LOOK_AGAIN_SECONDS)

    async def _current(self, age: float) -> _Keys:
        if self._keys is None or time.monotonic() - self._keys.read_at > age:
            self._keys = await self._read()
        return self._keys

    async def _read(self) -> _Keys:
        async with reading(self._pool) as connection:
            found = await self._stored(connection)
        if not found or self._clock() - found[0].created_at > _KEY_AGE:
            async with writing(self._pool) as connection:
                await self._make(connection)
                found = await self._stored(connection)
        keys = {item.id: _key(item) for item in found}
        return _Keys(keys[found[0].id], keys, time.monotonic())

    async def _stored(self, connection: Connection) -> list[SessionKeyFacts]:
        """Return the keys that can be used, newest first; with sealing, none that lies open."""
        if self._sealing is None:
            return await credentials.session_keys(connection)
        sealed = await credentials.sealed_keys(connection, self._sealing.name)
        opened = ((item, self._sealing.open(item.id, item.secret)) for item in sealed)
        return [
            SessionKeyFacts(item.id, secret, item.created_at) for item, secret in opened if secret
        ]

    async def _make(self, connection: Connection) -> None:
        key_id, secret = secrets.token_hex(8), secrets.token_bytes(32)
        if self._sealing is None:
            await credentials.insert_session_key(connection, key_id, secret)
            return
        sealed = self._sealing.seal(key_id, secret)
        await credentials.insert_sealed_key(connection, key_id, self._sealing.name, sealed)


def _claims(claims: dict[str, object]) -> SessionClaims:
    expires = datetime.fromtimestamp(int(str(claims["exp"])), UTC)
    generation = int(str(claims.get("gen", 0)))
    return SessionClaims(int(str(claims["sub"])), str(claims["jti"]), generation, expires)


def _key(facts: SessionKeyFacts) -> OctKey:
    return OctKey.import_key(facts.secret, {"kid": facts.id})


def _named_key(token: str) -> object:
    """Return the key id in a token's unverified header, None without one.

    Raises:
        JoseError, ValueError: it is no JWT.
    """
    from joserfc import jws

    return jws.extract_compact(token.encode()).headers().get("kid")


def _pick(item: object, keys: _Keys) -> OctKey:
    """Return the key that the token's header names; another or no name is refused."""
    headers = item.headers() if hasattr(item, "headers") else {}
    kid = headers.get("kid")
    if not isinstance(kid, str) or kid not in keys.by_id:
        raise ValueError("unknown session key")
    return keys.by_id[kid]
