"""Immutable objects kept on disk by their path, below ``cache/``.

A file is the SHA-256 of the object, then the object: what a full disk or a bad sector changed is
fetched again. Against a cache changed with intent stands the verifier, which judges these bytes
like any others; `forget_served` then lets a second attempt do without them.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from pathlib import Path

from skillpkg.client.addresses import path_parts
from skillpkg.client.files import read_if_present, write_atomically
from skillpkg.install.ports import ReadPlane

_DIGEST_SIZE = 32


class CachedPlane:
    """A read plane in front of another, with a folder between them."""

    def __init__(self, inner: ReadPlane, folder: Path) -> None:
        self._inner = inner
        self._folder = folder
        self._served: set[Path] = set()
        self._changed = threading.Lock()

    def get(self, path: str, *, max_size: int, immutable: bool) -> bytes:
        """Return the object at ``path``; see `skillpkg.install.ports.ReadPlane`."""
        if not immutable:
            return self._inner.get(path, max_size=max_size, immutable=False)
        place = self._folder.joinpath(*path_parts(path))
        kept = _open(place, max_size)
        if kept is not None:
            with self._changed:
                self._served.add(place)
            return kept
        data = self._inner.get(path, max_size=max_size, immutable=True)
        with contextlib.suppress(OSError):  # a cache that cannot be written costs time, no more
            write_atomically(place, hashlib.sha256(data).digest() + data, durable=False)
        return data

    def forget_served(self) -> bool:
        """Drop what was served from disk in this run; say whether there was any."""
        with self._changed:
            served, self._served = self._served, set()
        for place in served:
            place.unlink(missing_ok=True)
        return bool(served)


def _open(place: Path, max_size: int) -> bytes | None:
    try:
        kept = read_if_present(place)
    except OSError:
        return None
    if kept is None or not _DIGEST_SIZE <= len(kept) <= _DIGEST_SIZE + max_size:
        return None
    data = kept[_DIGEST_SIZE:]
    return data if hashlib.sha256(data).digest() == kept[:_DIGEST_SIZE] else None
