"""What was seen before against what is shown now: nothing signed may grow older."""

from __future__ import annotations

from datetime import datetime

from skillpkg.crypto.encoding import format_time
from skillpkg.errors import Check, VerificationRefused
from skillpkg.install.bins import Located
from skillpkg.install.modes import refusal
from skillpkg.install.ports import RememberedIndex
from skillpkg.install.timestamp import Timestamp


def require_not_older(found: Timestamp, seen: datetime | None) -> None:
    """Refuse (index-rollback) a timestamp issued before the newest one seen."""
    if seen is not None and found.issued_at < seen:
        raise refusal(
            Check.INDEX_ROLLBACK,
            "The registry's timestamp is older than one seen before.",
            f"It was issued at {format_time(found.issued_at)}, and one of {format_time(seen)} "
            "was seen.",
            "Try again in a minute; a copy of the registry may be behind.",
        )


def require_newer(found: Located, seen: RememberedIndex) -> None:
    """Refuse (index-rollback) another document than the one seen, unless its number is higher."""
    if found.sequence <= seen.sequence:
        raise refusal(
            Check.INDEX_ROLLBACK,
            f"The registry shows an older index of {found.package} than before.",
            f"It is number {found.sequence}; number {seen.sequence} was seen, with another hash.",
            "Try again in a minute; a copy of the registry may be behind.",
        )


def vanished(package: str) -> VerificationRefused:
    """Return the refusal of a registry that no longer has a package it had."""
    return refusal(
        Check.INDEX_ROLLBACK,
        f"The registry no longer has {package}, which it had before.",
        "A registry keeps the index of every package, also of one that was taken down.",
    )
