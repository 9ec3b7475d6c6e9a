"""The form of a webhook: its address, its secret, its signature (Standard Webhooks 1.0)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64decode, b64encode
from urllib.parse import urlsplit

SECRET_PREFIX = "whsec_"  # noqa: S105
LONGEST_URL = 500
_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a secret as receivers' libraries take it."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature(secret: str, delivery: str, timestamp: int, body: bytes) -> str:
    """Return the header that proves who sent ``body`` when: HMAC-SHA256 over id, time and body."""
    key = b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{delivery}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def mistake_in(url: str, *, plain_http: bool) -> str | None:
    """Return what is wrong with an address that events are to be sent to, None when nothing is.

    Args:
        plain_http: http is possible, for networks that the operator allowed.
    """
    if len(url) > LONGEST_URL or not url.isascii() or any(item <= " " for item in url):
        return f"must be an address of at most {LONGEST_URL} visible ASCII characters"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "cannot be read"
    if parts.scheme not in (("https", "http") if plain_http else ("https",)):
        return "must begin with https://"
    if not parts.hostname or port == 0:
        return "names no host"
    if parts.username is not None or parts.fragment:
        return "must not carry a user or a fragment"
    return None
