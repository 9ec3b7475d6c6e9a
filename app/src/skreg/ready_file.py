"""A file that tells the container's health check that the worker is ready.

It appears once the schema is migrated and the first settling has succeeded, so that a rollout
whose worker cannot reach its keys or its stores goes back. It stays: a later outage must not
restart every worker.
"""

from __future__ import annotations

import os
from pathlib import Path


def withdraw(path: str | None) -> None:
    """Take back what an earlier process in the same place said."""
    if path is not None:
        Path(path).unlink(missing_ok=True)


def announce(path: str | None) -> None:
    """Say that this process is ready; again is no matter."""
    if path is not None:
        Path(path).write_text(f"{os.getpid()}\n", encoding="ascii")
