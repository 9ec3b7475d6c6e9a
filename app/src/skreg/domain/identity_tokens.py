"""An identity token's outside: parsed strictly, its times and audience judged, without I/O.

A token is JSON Web Signature in compact form (RFC 7515). Everything is read once, with duplicate
keys refused, so that what was signed and what is judged are the same.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass

from skreg.errors import Unauthenticated

MAX_SIZE = 16 * 1024
"""Characters of a token; providers send two thousand."""
LEEWAY_SECONDS = 30
"""How far clocks may be apart."""
ALGORITHM = "RS256"
_MAX_TEXT = 1024


@dataclass(frozen=True, slots=True)
class IdentityToken:
    """A token as it was read: nothing in it is believed before its signature is.

    Attributes:
        signed: the bytes that the signature is over.
        signature: what its third part decodes to.
        key_id: which of the issuer's keys is said to have signed.
    """

    claims: Mapping[str, object]
    key_id: str
    signed: bytes
    signature: bytes

    @property
    def issuer(self) -> str:
        """Who is said to have issued it; good only for choosing whose keys to ask."""
        return text_claim(self.claims, "iss")


def read(token: str) -> IdentityToken:
    """Return a token's parts.

    Raises:
        Unauthenticated: it has another form, another algorithm than RS256, or no key id.
    """
    parts = token.split(".")
    if len(token) > MAX_SIZE or len(parts) != 3 or not token.isascii():
        raise refused("It is no JSON Web Token.")
    header, claims = _object(parts[0]), _object(parts[1])
    if header.get("alg") != ALGORITHM:
        raise refused(f"Its algorithm is {str(header.get('alg'))[:20]!a}; taken is {ALGORITHM}.")
    if "crit" in header or str(header.get("typ", "JWT")).upper() != "JWT":
        raise refused("Its header asks for what is not understood here.")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _MAX_TEXT:
        raise refused("Its header names no key.")
    signed = f"{parts[0]}.{parts[1]}".encode()
    return IdentityToken(claims, key_id, signed, _decode(parts[2]))


def _object(part: str) -> dict[str, object]:
    try:
        found = json.loads(_decode(part).decode(), object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        raise refused("A part of it is no JSON object.") from error
    if not isinstance(found, dict):
        raise refused("A part of it is no JSON object.")
    return found


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _decode(part: str) -> bytes:
    """Decode base64url without padding, in its one canonical form."""
    try:
        found = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (Base64Error, ValueError) as error:
        raise refused("A part of it is not base64url.") from error
    if not all(char.isalnum() or char in "-_" for char in part):
        raise refused("A part of it is not base64url.")
    return found


def text_claim(claims: Mapping[str, object], name: str) -> str:
    """Return a claim that must be a text with something in it.

    Raises:
        Unauthenticated: it is missing, empty, too long or no text.
    """
    found = claims.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _MAX_TEXT or not found.isprintable():
        raise refused(f"Its claim {name} is missing or no text.")
    return found


def require_for(claims: Mapping[str, object], audience: str, now: float) -> float:
    """Pass when a token is for ``audience`` and good now; return when it ends.

    Raises:
        Unauthenticated: more than one audience or another, expired, or not good yet.
    """
    if claims.get("aud") != audience:
        raise refused(
            "It is for another audience.",
            f"Ask for one with exactly the audience {audience!r}.",
        )
    expires = _time(claims, "exp")
    if expires + LEEWAY_SECONDS <= now:
        raise refused("It has expired.", "Ask your CI for a new one in the step that publishes.")
    if _time(claims, "iat") - LEEWAY_SECONDS > now:
        raise refused("It was issued in the future.")
    if "nbf" in claims and _time(claims, "nbf") - LEEWAY_SECONDS > now:
        raise refused("It is not good yet.")
    return expires


def _time(claims: Mapping[str, object], name: str) -> float:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found < 2**40:
        raise refused(f"Its claim {name} is missing or no time.")
    return float(found)


def refused(why: str, fix: str = "") -> Unauthenticated:
    """Return the refusal of an identity token."""
    return Unauthenticated("The identity token is not valid.", why=why, fix=fix)
