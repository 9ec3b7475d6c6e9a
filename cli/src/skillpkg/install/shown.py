"""Whether agents still find what skillpkg put into their folders.

An agent runs the entry in its own folder: a link may lead elsewhere by now, and a copy may have
been changed, while the store is whole.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from skillpkg.errors import Check, InstallFailed, VerificationRefused
from skillpkg.install.altered import BYTECODE, compare, walk
from skillpkg.install.index_file import Placement

_MANIFEST = "manifest.json"
_SHOWN = 20


def is_gone(placement: Placement) -> bool:
    """Whether nothing stands there any more."""
    return not os.path.lexists(placement.path)


def differences(placement: Placement, files: Path) -> list[str]:
    """Return a line for each way in which an entry is not what was put there; it may be gone.

    Args:
        files: the version's folder in the store.
    """
    path = placement.path
    if is_gone(placement):
        return []
    if placement.kind == "link":
        return [] if leads_to(path, files) else [f"changed: {path} is no link to {files}"]
    if path.is_symlink() or not path.is_dir():
        return [f"changed: {path} is no folder"]
    try:
        return _of_copy(path, files)
    except OSError as error:
        return [f"changed: {error}"]


def edits(placement: Placement, files: Path) -> list[str]:
    """Return the differences that may be somebody's work: no missing file, no bytecode."""
    found = (one for one in differences(placement, files) if not one.startswith("missing: "))
    return [one for one in found if BYTECODE not in one.partition(": ")[2].split("/")]


def leads_to(link: Path, files: Path) -> bool:
    """Whether ``link`` is a link and says that folder, which need not exist."""
    if not link.is_symlink():
        return False
    target = os.path.normpath(link.parent.resolve() / link.readlink())
    return target == os.path.normpath(files.parent.resolve() / files.name)


def _of_copy(copy: Path, files: Path) -> list[str]:
    wanted = {path: hashlib.sha256((files / path).read_bytes()).hexdigest() for path in walk(files)}
    found = {path: (copy / path).read_bytes() for path in sorted(walk(copy))}
    problems = compare(found, wanted)
    if _MANIFEST in found and _MANIFEST not in wanted:
        problems.append(f"added: {_MANIFEST}")
    return problems


def require_shown(placements: Iterable[Placement], files: Path) -> list[str]:
    """Hold one version's entries to the store's files, which were checked before.

    Returns a warning for each entry that is gone.

    Raises:
        VerificationRefused: store, an agent finds something else.
    """
    gone = []
    for placement in placements:
        if is_gone(placement):
            gone.append(f"{placement.target} has no {placement.package} any more: {placement.path}")
        if found := differences(placement, files):
            name = f"{placement.package}@{placement.version}"
            raise VerificationRefused(
                Check.STORE,
                f"{placement.target} finds something else than {name}.",
                why="\n".join([str(placement.path), *found[:_SHOWN]]),
                fix=f"Look at it; then type: {_again(placement)}",
            )
    return gone


def require_unaltered(placements: Sequence[tuple[Placement, Path]]) -> None:
    """Let entries be replaced, each with its version's folder in the store: nobody's work is lost.

    Raises:
        InstallFailed: something was changed or added there, or something else stands there.
    """
    for placement, files in placements:
        if found := edits(placement, files):
            raise InstallFailed(
                f"{placement.path} was changed since skillpkg put it there.",
                why="\n".join(found[:_SHOWN]),
                fix=f"Save what you want to keep of it; then type: {_again(placement)}",
            )


def _again(placement: Placement) -> str:
    copy = " --copy" if placement.kind == "copy" else ""
    name = f"{placement.package}@{placement.version}"
    return f"skillpkg install --force {name} -t {placement.target}{copy}"
