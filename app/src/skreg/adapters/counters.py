"""Counters for rate limits: this process's memory, or a Valkey that many processes share."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import structlog
from limits.aio.storage import RedisStorage
from limits.aio.storage.redis.valkey import ValkeyBridge
from limits.errors import StorageError

from skreg.ports.counters import Counters

PAUSE_SECONDS = 5.0
"""How long a Valkey that failed is not asked."""
_PATIENCE = 0.25
_log = structlog.get_logger(__name__)


class MemoryCounters:
    """Counts in this process, a table a window.

    The library's own memory storage walks all its keys at every count, so that many addresses
    would make every request slow. Here an old window is dropped as a whole.
    """

    def __init__(self) -> None:
        self._window = 0
        self._counts: Counter[str] = Counter()

    async def add(self, key: str, window: int, seconds: int) -> int:
        """Count one event; see the port."""
        if window != self._window:
            self._window, self._counts = window, Counter()
        self._counts[key] += 1
        return self._counts[key]

    async def close(self) -> None:
        """Nothing is open."""


class ValkeyCounters:
    """Counts in a Valkey or Redis through the ``limits`` library: one round trip a count.

    Raises:
        StorageError: from ``add``, when the server does not answer within a quarter second.
    """

    def __init__(self, url: str) -> None:
        spoken = url.replace("redis", "valkey", 1).replace("unix:", "valkey+unix:", 1)
        self._storage = RedisStorage(
            f"async+{spoken}",
            implementation="valkey",
            wrap_exceptions=True,
            key_prefix="skreg",
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            # The client's default is to believe any host's certificate.
            **({"ssl_check_hostname": True} if spoken.startswith("valkeys:") else {}),
        )

    async def add(self, key: str, window: int, seconds: int) -> int:
        """Count one event; see the port."""
        return await self._storage.incr(f"{key}:{window}", 2 * seconds)

    async def close(self) -> None:
        """Close the connections."""
        if isinstance(self._storage.bridge, ValkeyBridge):
            await self._storage.bridge.storage.aclose()


class SharedCounters:
    """Valkey while it answers, else this process's own memory.

    A limit protects the service from load and is no right of access: while Valkey is away each
    process limits by itself, which admits more than the stated number, and nobody is refused
    for the outage's sake.
    """

    def __init__(
        self, shared: Counters, own: Counters, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._shared, self._own, self._clock = shared, own, clock
        self._away_until = 0.0

    async def add(self, key: str, window: int, seconds: int) -> int:
        """Count one event; see the port."""
        if self._clock() >= self._away_until:
            try:
                return await self._shared.add(key, window, seconds)
            except (StorageError, OSError) as error:
                self._away_until = self._clock() + PAUSE_SECONDS
                cause = error.__cause__ or error
                _log.warning("rate-limit-store-away", error=repr(cause)[:200])
        return await self._own.add(key, window, seconds)

    async def close(self) -> None:
        """Close both."""
        await self._shared.close()
        await self._own.close()


def open_counters(valkey_url: str | None) -> Counters:
    """Return the counters that the settings ask for; connects to nothing yet."""
    if valkey_url is None:
        return MemoryCounters()
    return SharedCounters(ValkeyCounters(valkey_url), MemoryCounters())
