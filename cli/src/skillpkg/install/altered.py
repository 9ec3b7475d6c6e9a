"""Whether installed files are still those that were installed, as far as their manifest tells.

An install asks this before it says "already installed". It is no check of origin: whoever rewrites
the manifest as well is found by `skillpkg verify`, which goes down to the pinned root.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from skillpkg.errors import InstallFailed
from skillpkg.installed import InstalledPackage

_MANIFEST = "manifest.json"
BYTECODE = "__pycache__"  # Python writes it when a skill's scripts run
_SHOWN = 20


def may_stay(package: InstalledPackage, folder: Path, *, force: bool) -> bool:
    """Say whether a version's files stay as they are; False when they have to be written anew.

    Files that are only missing are written anew unasked: nobody's work is lost by it.

    Raises:
        InstallFailed: files were changed or added here, and ``force`` is not set.
    """
    found = differences(folder)
    if found is None:
        return False
    edits = [one for one in found if not one.startswith("missing: ")]
    if not edits or force:
        return not found
    name = f"{package.package}@{package.version}"
    raise InstallFailed(
        f"{name} is installed, but its files were changed since.",
        why="\n".join(found[:_SHOWN]),
        fix=f"Save what you want to keep of {folder}; then type: skillpkg install --force {name}",
    )


def differences(folder: Path) -> list[str] | None:
    """Return a line for each file that differs from the manifest; None without a manifest."""
    try:
        listed = _listed((folder / _MANIFEST).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"changed: {_MANIFEST} ({error})"]
    try:
        paths = [path for path in walk(folder) if BYTECODE not in path.split("/")]
        return compare({path: (folder / path).read_bytes() for path in sorted(paths)}, listed)
    except OSError as error:
        return [f"changed: {error}"]


def compare(files: Mapping[str, bytes], listed: Mapping[str, str]) -> list[str]:
    """Return ``missing: …``, ``added: …`` and ``changed: …`` lines.

    Args:
        files: path to contents, the manifest among them.  listed: path to sha256.
    """
    problems = [f"missing: {path}" for path in sorted(listed.keys() - files.keys())]
    problems += [f"added: {path}" for path in sorted(files.keys() - listed.keys() - {_MANIFEST})]
    return problems + [
        f"changed: {path}"
        for path, digest in sorted(listed.items())
        if path in files and hashlib.sha256(files[path]).hexdigest() != digest
    ]


def walk(folder: Path, prefix: str = "") -> Iterator[str]:
    """Yield the path of every file below a folder.

    Raises:
        OSError: a link or a special file is among them.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{prefix}{entry.name}"
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                yield from walk(folder / entry.name, f"{path}/")
            elif stat.S_ISREG(mode):
                yield path
            else:
                raise OSError(f"{path} is a link or a special file")


def _listed(manifest: bytes) -> dict[str, str]:
    """Return path to sha256; the rules were held to at install, and `verify` does so again."""
    return {str(one["path"]): str(one["sha256"]) for one in json.loads(manifest)["files"]}
