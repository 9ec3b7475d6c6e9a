"""One answer over the wire: whole, not modified, a range, or a large object in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from skreg.api.readplane.objects import Answer
from skreg.api.readplane.ranges import none_match, parse_range
from skreg.api.readplane.replies import BODY, START, Headers
from skreg.api.readplane.request import Request
from skreg.api.readplane.sources import Source
from skreg.errors import SkregError


class TruncatedError(RuntimeError):
    """The promised length cannot be kept."""


PATHSEND: Final = "http.response.pathsend"
_NOT_ON_304: Final = frozenset((b"content-type", b"content-length"))
_LENGTH: Final = frozenset((b"content-length",))


async def deliver(request: Request, answer: Answer, source: Source) -> None:
    """Answer a GET or HEAD for a found object.

    Raises:
        BlobMissing, StorageUnavailable, RangeUnsatisfiableError: before anything was sent.
        TruncatedError: after that; the server then cuts the connection.
    """
    if request.asked and none_match(request.asked.get(b"if-none-match", b""), answer.etag):
        await bare(request, 304, _without(answer.headers, _NOT_ON_304))
    elif request.head:
        await bare(request, 200, answer.headers)
    elif (part := _part(request.asked, answer)) is not None:
        await _ranged(request, answer, source, *part)
    elif answer.body is not None:
        await _begin(request, 200, answer.headers)
        await request.send({"type": BODY, "body": answer.body})
    else:
        await _large(request, answer, source)


async def bare(request: Request, status: int, headers: Headers) -> None:
    """Send an answer without a body."""
    await _begin(request, status, headers)
    await request.send({"type": BODY, "body": b""})


def _part(asked: dict[bytes, bytes], answer: Answer) -> tuple[int, int] | None:
    value = asked.get(b"range")
    if value is None or asked.get(b"if-range", answer.etag) != answer.etag:
        return None
    return parse_range(value, answer.size)


async def _ranged(request: Request, answer: Answer, source: Source, start: int, end: int) -> None:
    headers = [
        *_without(answer.headers, _LENGTH),
        (b"content-length", b"%d" % (end - start)),
        (b"content-range", b"bytes %d-%d/%d" % (start, end - 1, answer.size)),
    ]
    if answer.body is None:
        await _pieces(request, 206, headers, source.chunks(answer.key, start, end))
        return
    await _begin(request, 206, headers)
    await request.send({"type": BODY, "body": answer.body[start:end]})


async def _large(request: Request, answer: Answer, source: Source) -> None:
    offered = PATHSEND in (request.scope.get("extensions") or ())
    path = source.local_path(answer.key) if offered else None
    if path is None:
        await _pieces(request, 200, answer.headers, source.chunks(answer.key, 0, answer.size))
        return
    await _begin(request, 200, answer.headers)
    await request.send({"type": PATHSEND, "path": path})


async def _pieces(
    request: Request, status: int, headers: Headers, chunks: AsyncGenerator[bytes, None]
) -> None:
    async with aclosing(chunks):
        # The first piece comes before the status: an object that just went is still a 404.
        piece = await anext(chunks)
        await _begin(request, status, headers)
        try:
            async for following in chunks:
                await request.send({"type": BODY, "body": piece, "more_body": True})
                piece = following
        except SkregError as error:
            raise TruncatedError(str(error)) from error
        await request.send({"type": BODY, "body": piece})


async def _begin(request: Request, status: int, headers: Headers) -> None:
    own = (b"x-request-id", request.id)
    await request.send({"type": START, "status": status, "headers": [*headers, own]})


def _without(headers: Headers, names: frozenset[bytes]) -> Headers:
    return [header for header in headers if header[0] not in names]
