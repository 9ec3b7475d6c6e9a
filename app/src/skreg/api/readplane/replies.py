"""Header blocks and RFC 9457 problems as bytes that are ready to send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skreg.errors import SkregError

if TYPE_CHECKING:
    from skreg.api.readplane.request import Request

Headers = list[tuple[bytes, bytes]]

START: Final = "http.response.start"
BODY: Final = "http.response.body"
ALLOWED: Final = b"GET, HEAD, OPTIONS"
SHARED: Final[Headers] = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"etag, content-range, x-request-id"),
    (b"x-content-type-options", b"nosniff"),
]
PREFLIGHT: Final[Headers] = [
    *SHARED,
    (b"access-control-allow-methods", ALLOWED),
    (b"access-control-allow-headers", b"authorization, if-none-match, if-range, range"),
    (b"access-control-max-age", b"86400"),
    (b"allow", ALLOWED),
    (b"cache-control", b"max-age=86400"),
]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error answer: HTTP ``status``, the last part of its ``type``, one sentence or two."""

    status: int
    slug: str
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


def problem_of(error: SkregError) -> Problem:
    """Turn an error into its answer; the cause stays in the log, it may name inner paths."""
    retry = ((b"retry-after", b"5"),) if error.status == 503 else ()
    return Problem(error.status, error.slug, " ".join(filter(None, (error.what, error.fix))), retry)


async def send_problem(request: Request, problem: Problem) -> None:
    """Send ``problem`` as ``application/problem+json``; without its body for HEAD."""
    body = _problem_body(problem, request.id)
    headers: Headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
        *SHARED,
        *problem.headers,
        (b"x-request-id", request.id),
    ]
    await request.send({"type": START, "status": problem.status, "headers": headers})
    await request.send({"type": BODY, "body": b"" if request.head else body})


def _problem_body(problem: Problem, request_id: bytes) -> bytes:
    # Imported here because an error is rare and the first answer is to be quick.
    import json
    from http import HTTPStatus

    return json.dumps(
        {
            "type": f"urn:skreg:problem:{problem.slug}",
            "title": HTTPStatus(problem.status).phrase,
            "status": problem.status,
            "detail": problem.detail,
            "errors": [],
            "request_id": request_id.decode(),
        }
    ).encode()
