"""Writes that are on disk when they return, for the adapters that keep things in files."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, data: bytes) -> None:
    """Create ``path`` (0600) with ``data``; FileExistsError when it is there."""
    write_synced(path, data, 0o600)


def write_synced(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Create ``path`` with ``data``; FileExistsError when it is there.

    Without Python's file object: each of its calls lets go of the interpreter and waits for it.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Create a folder and the ones above it, so that they outlast a power failure."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode)
    folder.mkdir(mode=mode, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the folder's names are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
