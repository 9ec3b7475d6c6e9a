"""Quotas of a namespace, and the sentence that refuses what goes beyond one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

N = TypeVar("N", int, int | None)


@dataclass(frozen=True, slots=True)
class Quota(Generic[N]):
    """Three numbers: packages, versions a UTC day, bytes of archives."""

    packages: N
    versions_per_day: N
    bytes: N


def exceeded(used: Quota[int], allowed: Quota[int]) -> str | None:
    """Return which quota the use goes beyond, in words; None while it is within all."""
    compared = (
        (used.packages, allowed.packages, "packages"),
        (used.versions_per_day, allowed.versions_per_day, "new versions a day"),
        (used.bytes, allowed.bytes, "bytes of archives"),
    )
    for have, most, what in compared:
        if have > most:
            return f"It may have {most} {what}; this would be {have}."
    return None
