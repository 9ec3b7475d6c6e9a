"""Objects ready to be answered, kept in a cache that is bounded in bytes.

Mutable objects and archives (which a takedown removes) are asked about again after a short time;
what its own hash names cannot change and stays until room is needed.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from skreg.api.readplane.paths import address_of
from skreg.api.readplane.replies import SHARED, Headers
from skreg.api.readplane.sources import Facts, Source, Stamp
from skreg.errors import BlobMissing
from skreg.ports.blobs import BlobHeaders

# What an entry costs beside its body: header tuples, key, dictionary slot (measured, rounded up).
_OVERHEAD: Final = 2048


@dataclass(slots=True)
class Answer:
    """One object: its headers as sent with 200, and its body, None when it is to be streamed."""

    key: str
    size: int
    etag: bytes
    headers: Headers
    body: bytes | None
    stamp: Stamp
    good_until: float

    @property
    def cost(self) -> int:
        """Bytes this answer takes in memory, about."""
        return _OVERHEAD + len(self.body or b"")


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds for which an object is believed unchanged, by what can happen to it."""

    mutable: float = 0.5
    withdrawable: float = 2.0

    def of(self, key: str, headers: BlobHeaders) -> float:
        """Return the seconds for one object; infinite for one that can never change."""
        if "immutable" not in (headers.cache_control or ""):
            return self.mutable
        return self.withdrawable if key.startswith("packages/") else math.inf


BELIEVED: Final = Freshness()


class AnswerCache:
    """The newest answers within ``capacity`` bytes, by path as it came over the wire."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self.used = 0

    def get(self, path: bytes) -> Answer | None:
        """Return the answer and mark it as the newest used."""
        answer = self._answers.get(path)
        if answer is not None:
            self._answers.move_to_end(path)
        return answer

    def put(self, path: bytes, answer: Answer) -> None:
        """Keep an answer; the longest unused ones make room, one that is too large is not kept."""
        self.drop(path)
        if answer.cost > self._capacity:
            return
        self._answers[path] = answer
        self.used += answer.cost
        while self.used > self._capacity:
            _, oldest = self._answers.popitem(last=False)
            self.used -= oldest.cost

    def drop(self, path: bytes) -> None:
        """Forget an answer, if it is there."""
        gone = self._answers.pop(path, None)
        if gone is not None:
            self.used -= gone.cost


class Objects:
    """Finds the answer for a path: fresh from memory, else from the source.

    Args:
        source: the store.
        headers_for: content type and caching of a key.
        cache: where answers are kept.
        small: largest content-addressed object in bytes that is held in memory; larger ones are
            streamed. Objects without an address are small by design and always read whole.
        freshness: how long an answer is believed.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        source: Source,
        headers_for: Callable[[str], BlobHeaders],
        cache: AnswerCache,
        *,
        small: int,
        freshness: Freshness,
        clock: Callable[[], float],
    ) -> None:
        self._source, self._headers_for, self._cache = source, headers_for, cache
        self._small, self._freshness, self._clock = small, freshness, clock
        self._pending: dict[bytes, asyncio.Task[Answer]] = {}

    def fresh(self, path: bytes) -> Answer | None:
        """Return the answer if memory has one that needs no question to the store."""
        answer = self._cache.get(path)
        return answer if answer is not None and answer.good_until > self._clock() else None

    async def find(self, path: bytes, key: str) -> Answer:
        """Return the answer, asking the store; requests for one path at once share the question.

        Raises:
            BlobMissing, StorageUnavailable
        """
        if not self._source.suspends:
            return await self._refresh(path, key)
        task = self._pending.get(path)
        if task is None:
            task = asyncio.create_task(self._refresh(path, key))
            self._pending[path] = task
            task.add_done_callback(lambda done: self._settled(path, done))
        return await asyncio.shield(task)

    def _settled(self, path: bytes, task: asyncio.Task[Answer]) -> None:
        self._pending.pop(path, None)
        if not task.cancelled():
            task.exception()  # every requester may have gone; then nobody else looks at it

    async def _refresh(self, path: bytes, key: str) -> Answer:
        stored = self._headers_for(key)
        asked_at = self._clock()
        known = self._cache.get(path)
        try:
            # Facts before bytes: a change in between leaves an old stamp, seen at the next look.
            facts = await self._source.facts(key)
            if known is None or known.stamp != facts.stamp:
                known = await self._read(key, facts, stored)
                self._cache.put(path, known)
        except BlobMissing:
            self._cache.drop(path)
            raise
        # A large file is sent by name, so every request makes sure that it is still there.
        seconds = 0.0 if known.body is None else self._freshness.of(key, stored)
        known.good_until = asked_at + seconds
        return known

    async def _read(self, key: str, facts: Facts, stored: BlobHeaders) -> Answer:
        address = address_of(key)
        streamed = address is not None and facts.size > self._small
        body = None if streamed else await self._source.read(key)
        size = facts.size if body is None else len(body)
        etag = b'"%s"' % (address or sha256(body or b"").hexdigest()).encode()
        headers = _headers(size, etag, stored)
        return Answer(key, size, etag, headers, body, facts.stamp, 0.0)


def _headers(size: int, etag: bytes, stored: BlobHeaders) -> Headers:
    return [
        (b"content-type", stored.content_type.encode()),
        (b"content-length", b"%d" % size),
        (b"etag", etag),
        (b"cache-control", (stored.cache_control or "no-cache").encode()),
        (b"accept-ranges", b"bytes"),
        *SHARED,
    ]
