"""Keys of the pinned OIDC issuers: fetched from their own host, kept, never asked for too often."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from skreg.domain.identity_tokens import ALGORITHM, refused
from skreg.errors import SkregError, Unavailable
from skreg.ports.web import Web

COOL_DOWN = 60.0
"""Seconds between two requests to one issuer, whatever key ids are sent to us."""
KEPT_FOR = 3600.0
"""Seconds after which keys are asked for again: a key that was taken back must not stay."""
_MAX_DOCUMENT = 256 * 1024
_MAX_KEYS = 64
_LEAST_BITS = 2048
_MOST_BYTES = 1024


@dataclass(slots=True)
class _Known:
    """What is known of one issuer; times are monotonic seconds."""

    keys: dict[str, RSAPublicKey] = field(default_factory=dict)
    fetched_at: float | None = None
    asked_at: float | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class IssuerKeys:
    """The keys of issuers by key id; one object a process.

    Args:
        web: how issuers are asked.
        clock: monotonic seconds.
    """

    def __init__(self, web: Web, clock: Callable[[], float] = time.monotonic) -> None:
        self._web = web
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def find(self, issuer: str, key_id: str) -> RSAPublicKey:
        """Return an issuer's key; the caller has made sure that the issuer is a pinned one.

        Raises:
            Unauthenticated: the issuer has no such key.
            Unavailable: the issuer does not answer, or its answer cannot be used.
        """
        known = self._known.setdefault(issuer, _Known())
        async with known.turn:
            if self._is_due(known, key_id):
                await self._refresh(issuer, known)
            if not self._is_fresh(known):
                raise _unusable(issuer, "Its keys could not be fetched a moment ago.")
        found = known.keys.get(key_id)
        if found is None:
            raise refused("Its issuer has no such key.")
        return found

    def _is_fresh(self, known: _Known) -> bool:
        return known.fetched_at is not None and self._clock() - known.fetched_at < KEPT_FOR

    def _is_due(self, known: _Known, key_id: str) -> bool:
        is_cool = known.asked_at is None or self._clock() - known.asked_at >= COOL_DOWN
        return is_cool and (not self._is_fresh(known) or key_id not in known.keys)

    async def _refresh(self, issuer: str, known: _Known) -> None:
        """Ask for the keys; an answer without a usable one leaves what is kept as it is."""
        known.asked_at = self._clock()
        try:
            keys = await self._fetch(issuer)
        except SkregError:
            if not self._is_fresh(known):
                raise
            return
        known.keys, known.fetched_at = keys, self._clock()

    async def _fetch(self, issuer: str) -> dict[str, RSAPublicKey]:
        base = issuer.rstrip("/")
        found = await self._document(issuer, f"{base}/.well-known/openid-configuration")
        where = found.get("jwks_uri")
        if found.get("issuer") != issuer or not isinstance(where, str):
            raise _unusable(issuer, "Its discovery document is of another issuer.")
        if _origin(where) != _origin(issuer):
            raise _unusable(issuer, "Its keys would come from another host.")
        keys = _usable((await self._document(issuer, where)).get("keys"))
        if not keys:
            raise _unusable(issuer, "It shows no RSA key that signs.")
        return keys

    async def _document(self, issuer: str, url: str) -> Mapping[str, object]:
        answer = await self._web.get(url, max_size=_MAX_DOCUMENT)
        try:
            found = json.loads(answer.body) if answer.status == 200 else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise _unusable(issuer, f"It answered {answer.status} with no JSON object.")
        return found


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _usable(listed: object) -> dict[str, RSAPublicKey]:
    """Return the keys by id: RSA of 2,048 bits or more, for signatures, for RS256."""
    found: dict[str, RSAPublicKey] = {}
    for one in listed[:_MAX_KEYS] if isinstance(listed, list) else []:
        key = _key(one)
        if key is not None and key.key_size >= _LEAST_BITS:
            found.setdefault(str(one["kid"]), key)
    return found


def _key(one: object) -> RSAPublicKey | None:
    if not isinstance(one, dict) or not isinstance(one.get("kid"), str):
        return None
    if one.get("kty") != "RSA" or one.get("use", "sig") != "sig" or "d" in one:
        return None
    if one.get("alg", ALGORITHM) != ALGORITHM:
        return None
    try:
        exponent = _number(one["e"])
        return RSAPublicNumbers(exponent, _number(one["n"])).public_key()
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        return None


def _number(text: str) -> int:
    """Read a big-endian number (RFC 7518, 6.3.1); one beyond 8,192 bits is no key of use."""
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(data) > _MOST_BYTES:
        raise ValueError("too large")
    return int.from_bytes(data)


def _unusable(issuer: str, why: str) -> Unavailable:
    return Unavailable(
        f"The issuer {issuer} cannot be asked for its keys.",
        why=why,
        fix="Try again in a minute.",
    )
