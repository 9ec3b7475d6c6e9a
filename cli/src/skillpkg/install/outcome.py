"""What an install did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillpkg.install.index_file import Placement
from skillpkg.installed import InstalledPackage

if TYPE_CHECKING:
    from skillpkg.install.verify import VerifiedRelease


@dataclass(frozen=True, slots=True)
class Done:
    """One package of an install; ``release`` is None when it was there already."""

    package: InstalledPackage
    release: VerifiedRelease | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an install did."""

    done: tuple[Done, ...]
    placements: tuple[Placement, ...]
