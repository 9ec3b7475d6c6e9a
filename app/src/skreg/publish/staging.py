"""Where an upload waits for the worker: by the hash of its bytes, so that twice is once."""

from __future__ import annotations


def staging_key(sha256: str) -> str:
    """Return the staging key of an archive."""
    return f"staging/{sha256}.skill"
