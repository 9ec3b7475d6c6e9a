"""Which URL paths belong to the read plane, and the strict way from a path to an object key.

Source: PROTOCOL, "Static read plane". A path is refused rather than repaired: an object has one
URL, so that caches, takedowns and the hashes in paths cannot be walked around.
"""

from __future__ import annotations

import re
from typing import Final

PREFIXES: Final = ("/index/", "/packages/", "/log/", "/crl/", "/trust/")
WELL_KNOWN: Final = "/.well-known/skreg.json"
_WELL_KNOWN_KEY: Final = WELL_KNOWN[1:]
_LONGEST: Final = 1024

# Segments begin with a letter or a digit: no dot segments, no hidden or temporary files.
_SEGMENT: Final = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
_KEY: Final = re.compile(rf"(?:index|packages|log|crl|trust)(?:/{_SEGMENT})+", re.ASCII)
_ADDRESS: Final = re.compile(r"(?:^|/)([0-9a-f]{64})(?:\.skill|\.json)?$", re.ASCII)


def owns(path: str) -> bool:
    """Say whether the decoded URL ``path`` is answered here and never by the fallback."""
    return path.startswith(PREFIXES) or path == WELL_KNOWN


def key_of(raw_path: bytes) -> str | None:
    """Return the object key of a path as it came over the wire, None for one that is refused.

    The one escape understood is ``%2B``: semantic versions carry ``+`` and clients escape it.
    """
    if len(raw_path) > _LONGEST:
        return None
    try:
        text = raw_path.decode("ascii")
    except UnicodeDecodeError:
        return None
    key = text[1:].replace("%2B", "+").replace("%2b", "+")
    return key if key == _WELL_KNOWN_KEY or _KEY.fullmatch(key) else None


def address_of(key: str) -> str | None:
    """Return the hash in a content-addressed key (64 hex digits), None where there is none.

    ``.sig`` and ``.release`` carry the archive's hash, not their own, and so have no address.
    """
    found = _ADDRESS.search(key)
    return found[1] if found else None
