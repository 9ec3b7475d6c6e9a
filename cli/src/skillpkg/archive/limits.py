"""How large a package may be, and the two policies a registry can hold packages to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from skillpkg.archive.rules import Rule
from skillpkg.errors import ArchiveInvalid

Policy: TypeAlias = Literal["standard", "strict"]
MIB = 1024 * 1024
_STRICT_COMPRESSED = 5 * MIB
_STRICT_SUFFIXES = (".md", ".json")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one archive.

    Attributes:
        compressed: bytes of the ``.skill`` file.
        unpacked: bytes of all files together.
        files: number of files, ``manifest.json`` included.
        depth: components of a path.
    """

    compressed: int = 10 * MIB
    unpacked: int = 50 * MIB
    files: int = 1000
    depth: int = 16

    @property
    def tar(self) -> int:
        """Return the bytes of the largest tar within the limits: headers, padding, end."""
        return self.unpacked + self.files * 1024 + 1024


DEFAULT = Limits()


def under_policy(limits: Limits, policy: Policy) -> Limits:
    """Return ``limits`` narrowed to what ``policy`` allows."""
    if policy == "strict":
        return replace(limits, compressed=min(limits.compressed, _STRICT_COMPRESSED))
    return limits


def check_file_type(path: str, policy: Policy) -> None:
    """Refuse what policy ``strict`` does not carry: anything but ``.md`` and ``.json``.

    Raises:
        ArchiveInvalid: rule ``file-type``.
    """
    if policy == "strict" and not path.endswith(_STRICT_SUFFIXES):
        raise ArchiveInvalid(
            Rule.FILE_TYPE,
            f"{path}: this registry takes .md and .json files only.",
            path=path,
            why="Its policy is 'strict'.",
            fix=(
                "Pack with --strict: manifest.json says what it says."
                if path == "skill.yaml"
                else "Leave the file out with .skillignore, or ask for policy 'standard'."
            ),
        )
