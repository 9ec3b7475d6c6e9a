"""Which keys an object may have: the same ones in every store, and none that leaves its folder."""

from __future__ import annotations

import re

from skreg.errors import BlobMissing
from skreg.ports.blobs import BlobHeaders

RESERVED = ".writing"
"""First segment of the names that the file store writes under until an object is whole."""
MAX_LENGTH = 1024
PLAIN = BlobHeaders()
"""What an object is stored with when its writer says nothing."""
_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._+@=-]{1,255}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*", re.ASCII)


def checked_key(key: str) -> str:
    """Return ``key``, which every store then keeps under exactly this name.

    Raises:
        BlobMissing: the key has empty, ``.`` or ``..`` segments or characters that a store would
            rewrite; no object can stand there.
    """
    if len(key) > MAX_LENGTH or not _KEY.fullmatch(key) or key.split("/", 1)[0] == RESERVED:
        raise BlobMissing(
            "No object can have this key.",
            why=f"{key[:200]!r} is not segments of A-Z a-z 0-9 . _ + @ = - divided by /.",
        )
    return key
