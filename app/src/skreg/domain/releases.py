"""Rules of what may be done to a published version, without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from skillpkg.errors import VersionInvalid
from skillpkg.package_ref import is_tag
from skillpkg.version import Range, Version
from skreg.domain.states import VersionState
from skreg.domain.versions import latest

FREELY_WITHDRAWN = timedelta(hours=72)
"""How long after publication an owner may take a version away without a look at its users."""
FEW_DOWNLOADS = 100
"""Downloads through the API, an address once a day, up to which nobody is taken to rely on a
version."""
LATEST = "latest"
_ROUTES = frozenset({"dist-tags", "publishers", "versions"})
"""Words that stand where a tag would in the API's addresses."""


def without_build(version: str) -> str:
    """Return a version's text up to its build metadata, which precedence ignores."""
    return version.partition("+")[0]


def may_be_tag(text: str) -> bool:
    """Whether a name can be a dist-tag: no version, no range, no word of an address."""
    return is_tag(text) and text not in _ROUTES


def with_latest(
    tags: Mapping[str, str], versions: Iterable[tuple[str, str]]
) -> tuple[dict[str, str], str | None]:
    """Return the tags to show, and what ``latest`` is.

    A ``latest`` that an owner set counts while its version is published; otherwise the highest
    release by SemVer is meant.

    Args:
        tags: as they are kept.  versions: ``(version, state)`` of every listed version.
    """
    listed = list(versions)
    published = {version for version, state in listed if state == VersionState.PUBLISHED}
    chosen = tags.get(LATEST)
    newest = chosen if chosen in published else latest(listed)
    shown = {tag: version for tag, version in tags.items() if tag != LATEST}
    return (shown if newest is None else shown | {LATEST: newest}), newest


def needs(wanted: str, version: str) -> bool:
    """Whether a dependency's range takes a version; one that cannot be read might."""
    try:
        return Range.parse(wanted).matches(Version.parse(version), prereleases=True)
    except VersionInvalid:
        return True


def why_not_unpublish(
    published_at: datetime, now: datetime, dependents: Iterable[str], downloads: int
) -> str | None:
    """Return why an owner may not take a version away any more; None when it is allowed.

    Args:
        dependents: ``ns/name`` of published packages whose dependencies take this version.
        downloads: of this version, an address counted once a day.
    """
    if now - published_at <= FREELY_WITHDRAWN:
        return None
    users = sorted(set(dependents))
    if users:
        named = ", ".join(users[:3]) + (" and others" if len(users) > 3 else "")
        return f"It is over 72 hours old, and {named} depends on it."
    if downloads > FEW_DOWNLOADS:
        return f"It is over 72 hours old and was downloaded {downloads} times."
    return None
