"""The content type and cache header of every read-plane object, in one place.

The worker stores objects with these headers and the API's read plane answers with the same ones,
so that a bucket behind a CDN and a single process cannot be told apart. Source: PROTOCOL.md,
Static read plane.
"""

from __future__ import annotations

import re
from typing import Final

from skreg.ports.blobs import BlobHeaders

IMMUTABLE: Final = "public, max-age=31536000, immutable"
ARCHIVE: Final = "public, max-age=86400, immutable"
SECONDS: Final = "public, max-age=5"
MINUTES: Final = "public, max-age=300"
JSON: Final = "application/json"
BYTES: Final = "application/octet-stream"
TEXT: Final = "text/plain; charset=utf-8"

_SHA256: Final = "[0-9a-f]{64}"

PATH_CLASSES: Final[dict[str, tuple[str, BlobHeaders]]] = {
    "well-known": (r"\.well-known/skreg\.json", BlobHeaders(JSON, MINUTES)),
    "timestamp": (r"index/timestamp", BlobHeaders(JSON, SECONDS)),
    "index-tile": (rf"index/tree/\d+/\d+/{_SHA256}", BlobHeaders(BYTES, IMMUTABLE)),
    "index-bin": (rf"index/bins/[0-9a-f]+/{_SHA256}\.json", BlobHeaders(JSON, IMMUTABLE)),
    "index-document": (rf"index/[^/]+/[^/]+/{_SHA256}\.json", BlobHeaders(JSON, IMMUTABLE)),
    "index-newest": (r"index/[^/]+/[^/]+\.json", BlobHeaders(JSON, SECONDS)),
    "archive": (rf"packages/[^/]+/[^/]+/[^/]+/{_SHA256}\.skill", BlobHeaders(BYTES, ARCHIVE)),
    "signature": (rf"packages/[^/]+/[^/]+/[^/]+/{_SHA256}\.sig", BlobHeaders(BYTES, ARCHIVE)),
    "release": (rf"packages/[^/]+/[^/]+/[^/]+/{_SHA256}\.release", BlobHeaders(JSON, ARCHIVE)),
    "checkpoint": (r"log/checkpoint", BlobHeaders(TEXT, SECONDS)),
    "partial-tile": (r"log/tile/.+\.p/\d+", BlobHeaders(BYTES, SECONDS)),
    "full-tile": (r"log/tile/(?:entries|\d+)(?:/x\d{3})*/\d{3}", BlobHeaders(BYTES, IMMUTABLE)),
    "crl": (r"crl/[0-9a-f]+\.crl", BlobHeaders("application/pkix-crl", MINUTES)),
    "trust-latest": (r"trust/latest\.json", BlobHeaders(JSON, SECONDS)),
    "trust-numbered": (r"trust/\d+\.json", BlobHeaders(JSON, IMMUTABLE)),
}
"""Path class -> (pattern of the object key, headers); the first pattern that matches counts."""

_PATTERNS: Final = {
    name: re.compile(pattern, re.ASCII) for name, (pattern, _) in PATH_CLASSES.items()
}
_ELSEWHERE: Final = BlobHeaders(BYTES, "no-store")


def path_class(key: str) -> str | None:
    """Return the class of an object's key (no leading slash), None outside the read plane."""
    return next((name for name, form in _PATTERNS.items() if form.fullmatch(key)), None)


def headers_for(key: str) -> BlobHeaders:
    """Return the headers of the object under ``key``; what is no read-plane path is not cached."""
    name = path_class(key)
    return PATH_CLASSES[name][1] if name else _ELSEWHERE
