"""Counting requests against the limits of the settings."""

from __future__ import annotations

from skreg.bootstrap import ApiContainer
from skreg.domain.permissions import Principal
from skreg.domain.rates import WINDOW_SECONDS, Rate, address_bucket, caller_bucket, window_of
from skreg.errors import TooManyRequests


async def charge(container: ApiContainer, principal: Principal | None, address: str | None) -> Rate:
    """Count one request: a good credential has a bucket of its own, all else the address's."""
    settings = container.settings
    bucket = (
        address_bucket(address, settings.rate_limit_anonymous)
        if principal is None
        else caller_bucket(principal, settings.rate_limit_token)
    )
    now = container.clock()
    window = window_of(now)
    used = await container.counters.add(bucket.key, window, WINDOW_SECONDS)
    return Rate(bucket.limit, used, (window + 1) * WINDOW_SECONDS)


def refusal(container: ApiContainer, rate: Rate, principal: Principal | None) -> TooManyRequests:
    """Return the error of a request that was one too many."""
    whose = "this credential" if principal else "this address without a good credential"
    return TooManyRequests(
        "There were too many requests.",
        why=f"{rate.limit} a minute are taken from {whose}.",
        fix="Send a token: it has a limit of its own." if principal is None else "Wait.",
        retry_after=rate.resets_at - int(container.clock().timestamp()),
    )
