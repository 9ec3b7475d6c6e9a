"""Collect the files of a skill's folder: what goes in, what stays out, what is an error."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skillpkg.archive.ignore import ALWAYS, Ignore
from skillpkg.archive.limits import Limits
from skillpkg.archive.paths import ADAPTER
from skillpkg.archive.rules import Rule
from skillpkg.errors import ArchiveInvalid

IGNORE_FILE = ".skillignore"
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Collected:
    """The files of a folder by path, and a line for each thing that was left out."""

    files: dict[str, bytes]
    left_out: tuple[str, ...]


def collect(folder: Path, limits: Limits) -> Collected:
    """Read the files below ``folder`` that belong into a package.

    Hidden files stay out (``.skill/<framework>.json`` excepted), and what ``.skillignore`` names.

    Raises:
        ArchiveInvalid: ``folder-link``, ``folder-special``, ``folder-unreadable``,
            ``too-many-files``, ``unpacked-too-large``.
        UsageError: ``.skillignore`` cannot be read.
    """
    if not folder.is_dir():
        raise ArchiveInvalid(
            Rule.FOLDER_UNREADABLE,
            f"{folder} is not a folder.",
            path=str(folder),
            fix="Give the folder that holds SKILL.md.",
        )
    ignore = Ignore.parse((*ALWAYS, *_ignore_lines(folder)))
    files: dict[str, bytes] = {}
    left_out: list[str] = []
    total = 0
    for path, entry in _walk(folder, "", ignore, left_out):
        if len(files) == limits.files:
            raise _refused(Rule.TOO_MANY_FILES, path, f"max: {limits.files} files")
        data = _read(entry, path, limits, total)
        total += len(data)
        # macOS may hand out decomposed names; two machines must pack the same bytes.
        normal = unicodedata.normalize("NFC", path)
        if normal in files:
            raise _refused(Rule.PATH_TWIN, path, "Another file has the same name in Unicode NFC.")
        files[normal] = data
    return Collected(files, tuple(left_out))


def _ignore_lines(folder: Path) -> list[str]:
    source = folder / IGNORE_FILE
    try:
        if source.is_symlink():
            raise _refused(Rule.FOLDER_LINK, IGNORE_FILE, "It is a symbolic link.")
        return source.read_text(encoding="utf-8").splitlines() if source.is_file() else []
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(Rule.FOLDER_UNREADABLE, IGNORE_FILE, str(error)) from error


def _walk(
    folder: Path, base: str, ignore: Ignore, left_out: list[str]
) -> Iterator[tuple[str, Path]]:
    for entry in _entries(folder, base):
        path = base + entry.name
        mode = entry.lstat().st_mode
        is_folder = stat.S_ISDIR(mode)
        if ignore.matches(path, is_folder=is_folder) or _hidden(path, is_folder):
            left_out.append(path)
        elif is_folder:
            yield from _walk(entry, f"{path}/", ignore, left_out)
        elif stat.S_ISREG(mode):
            yield path, entry
        elif stat.S_ISLNK(mode):
            raise _refused(
                Rule.FOLDER_LINK, path, "It is a symbolic link; packages hold files only."
            )
        else:
            raise _refused(Rule.FOLDER_SPECIAL, path, "It is neither a file nor a folder.")


def _entries(folder: Path, base: str) -> list[Path]:
    try:
        return sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise _refused(Rule.FOLDER_UNREADABLE, base or str(folder), str(error)) from error


def _hidden(path: str, is_folder: bool) -> bool:
    name = path.rpartition("/")[2]
    if path.startswith(".skill/"):
        return is_folder or not ADAPTER.fullmatch(path)
    return name.startswith(".") and not (path == ".skill" and is_folder)


def _read(source: Path, path: str, limits: Limits, so_far: int) -> bytes:
    room = limits.unpacked - so_far
    try:
        descriptor = os.open(source, _READ | _BINARY)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _refused(Rule.FOLDER_SPECIAL, path, "It changed while it was read.")
            data = stream.read(room + 1)
    except OSError as error:
        raise _refused(Rule.FOLDER_UNREADABLE, path, str(error)) from error
    if len(data) > room:
        why = f"With it, the files are more than a package holds (max: {limits.unpacked:,} bytes)."
        raise _refused(Rule.UNPACKED_TOO_LARGE, path, why)
    return data


def _refused(rule: Rule, path: str, why: str) -> ArchiveInvalid:
    shown = path.encode("unicode_escape").decode("ascii")[:200]
    return ArchiveInvalid(
        rule,
        f"{shown}: this cannot go into a package.",
        path=path,
        why=why,
        fix=f"Remove it, or name it in {IGNORE_FILE}.",
    )
