"""A version's states and which of them may follow which."""

from __future__ import annotations

from enum import StrEnum


class VersionState(StrEnum):
    """Where a version is in its life.

    What a publisher signed begins as ``submitted`` until the worker has asked for the log's entry
    about the signature; all else begins as ``uploaded``.
    """

    SUBMITTED = "submitted"
    UPLOADED = "uploaded"
    VETTING = "vetting"
    REJECTED = "rejected"
    QUARANTINED = "quarantined"
    SIGNED = "signed"
    LOGGED = "logged"
    PUBLISHED = "published"
    YANKED = "yanked"
    WITHDRAWN = "withdrawn"


VISIBLE = frozenset({VersionState.PUBLISHED, VersionState.YANKED, VersionState.WITHDRAWN})
"""States in which anybody may know that the version exists."""

UNFINISHED = frozenset(
    {
        VersionState.SUBMITTED,
        VersionState.UPLOADED,
        VersionState.VETTING,
        VersionState.SIGNED,
        VersionState.LOGGED,
    }
)
"""States in which the worker still has something to do."""

FOLLOWS: dict[VersionState, frozenset[VersionState]] = {
    VersionState.SUBMITTED: frozenset({VersionState.UPLOADED, VersionState.REJECTED}),
    VersionState.UPLOADED: frozenset({VersionState.VETTING}),
    VersionState.VETTING: frozenset(
        {VersionState.REJECTED, VersionState.QUARANTINED, VersionState.SIGNED}
    ),
    VersionState.REJECTED: frozenset(),
    VersionState.QUARANTINED: frozenset({VersionState.VETTING, VersionState.REJECTED}),
    VersionState.SIGNED: frozenset({VersionState.LOGGED}),
    VersionState.LOGGED: frozenset({VersionState.PUBLISHED}),
    VersionState.PUBLISHED: frozenset({VersionState.YANKED, VersionState.WITHDRAWN}),
    VersionState.YANKED: frozenset({VersionState.PUBLISHED, VersionState.WITHDRAWN}),
    VersionState.WITHDRAWN: frozenset(),
}
"""State -> the states it may become."""


def may_become(now: VersionState, wanted: VersionState) -> bool:
    """Whether a version in state ``now`` may become ``wanted``."""
    return wanted in FOLLOWS[now]
