"""Which version ``latest`` means."""

from __future__ import annotations

from collections.abc import Iterable

from skillpkg.version import Version
from skreg.domain.states import VersionState


def latest(versions: Iterable[tuple[str, str]]) -> str | None:
    """Return the newest version of ``(version, state)`` pairs that fresh resolution may take.

    The highest release that is published; the highest pre-release while there is no release;
    None when everything is yanked or withdrawn.
    """
    candidates = [
        Version.parse(version) for version, state in versions if state == VersionState.PUBLISHED
    ]
    releases = [item for item in candidates if not item.prerelease]
    chosen = max(releases or candidates, default=None)
    return None if chosen is None else str(chosen)
