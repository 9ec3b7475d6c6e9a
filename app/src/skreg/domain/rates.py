"""Rate limits as arithmetic: windows of a minute, buckets, what is left of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skreg.domain.permissions import Principal
from skreg.domain.token_limits import neighbourhood

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Bucket:
    """What requests are counted under, and how many of a minute are taken."""

    key: str
    limit: int


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket after one more request; ``resets_at`` is in seconds since 1970."""

    limit: int
    used: int
    resets_at: int

    @property
    def remaining(self) -> int:
        """Requests that are still taken in this window."""
        return max(0, self.limit - self.used)

    @property
    def is_exceeded(self) -> bool:
        """Whether this request was one too many."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """Return what every answer says of it."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.resets_at),
        }


def window_of(now: datetime) -> int:
    """Return the number of the minute that ``now`` is in."""
    return int(now.timestamp()) // WINDOW_SECONDS


def address_bucket(address: str | None, limit: int) -> Bucket:
    """Return the bucket of requests without a good credential; one for an IPv6 /64."""
    return Bucket(f"address:{neighbourhood(address)}", limit)


def caller_bucket(principal: Principal, limit: int) -> Bucket:
    """Return a token's own bucket, or the one that all sessions of an account share."""
    if principal.token_id is not None:
        return Bucket(f"token:{principal.token_id}", limit)
    return Bucket(f"account:{principal.account_id}", limit)
