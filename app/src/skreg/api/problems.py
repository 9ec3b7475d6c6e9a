"""RFC 9457 problem+json for every error, ours or the framework's; never a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import DataError
from starlette.exceptions import HTTPException

from skreg.db.pool import AWAY, away
from skreg.errors import SkregError, TooManyRequests

TYPE_PREFIX = "urn:skreg:problem:"
RETRY_SECONDS = 5
_log = structlog.get_logger(__name__)


class ProblemResponse(JSONResponse):
    """A JSON response of type ``application/problem+json``."""

    media_type = "application/problem+json"


def problem(
    request: Request,
    status: int,
    slug: str,
    detail: str,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """Return one error answer; ``errors`` are ``{"rule", "path", "detail"}``.

    ``members`` are extensions another protocol asks for, such as OAuth's ``error``.
    """
    body = {
        "type": TYPE_PREFIX + slug,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": [dict(item) for item in errors],
        "request_id": getattr(request.state, "request_id", ""),
        **(members or {}),
    }
    sent = {"Cache-Control": "no-store", **(headers or {})}
    if status == HTTPStatus.UNAUTHORIZED:
        sent["WWW-Authenticate"] = 'Bearer, Basic realm="skreg"'
    if status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        sent.setdefault("Retry-After", str(RETRY_SECONDS))
    return ProblemResponse(body, status_code=status, headers=sent)


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` as a problem."""
    app.add_exception_handler(SkregError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in AWAY:
        app.add_exception_handler(kind, _away)
    app.add_exception_handler(DataError, _not_text)
    app.add_exception_handler(UnicodeError, _not_text)


async def _ours(request: Request, error: Exception) -> ProblemResponse:
    if not isinstance(error, SkregError) or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning("request-failed", path=request.url.path, error=str(error))
    if not isinstance(error, SkregError) or error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return await _unknown(request, error)
    detail = " ".join(part for part in (error.what, error.why, error.fix) if part)
    wait = error.retry_after if isinstance(error, TooManyRequests) else None
    headers = {"Retry-After": str(wait)} if wait else None
    return problem(request, error.status, error.slug, detail, error.errors, headers)


async def answer(request: Request, error: SkregError) -> ProblemResponse:
    """Return the answer to an error of ours, for what stands before the routes."""
    return await _ours(request, error)


async def _not_text(request: Request, _error: Exception) -> ProblemResponse:
    """Answer a value that no column can hold: a NUL character, half of a surrogate pair."""
    detail = "The request holds text that cannot be stored, such as a NUL character."
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail)


async def _away(request: Request, error: Exception) -> ProblemResponse:
    return await _ours(request, away(error))


async def _invalid(request: Request, error: Exception) -> ProblemResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    errors = [
        {
            "rule": str(item["type"]).replace("_", "-"),
            "path": ".".join(str(part) for part in item["loc"]),
            "detail": str(item["msg"]),
        }
        for item in found
    ]
    named = ", ".join(item["path"] for item in errors)
    detail = f"The request does not fit what this route takes: {named}."
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors)


async def _http(request: Request, error: Exception) -> ProblemResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    slug = HTTPStatus(status).phrase.lower().replace(" ", "-")
    detail = {
        404: f"There is nothing at {request.url.path}.",
        405: f"{request.method} is not possible at {request.url.path}.",
    }.get(status, str(getattr(error, "detail", "")) or HTTPStatus(status).phrase)
    return problem(request, status, slug, detail, headers=headers)


async def _unknown(request: Request, error: Exception) -> ProblemResponse:
    return crashed(request, error)


def crashed(request: Request, error: Exception) -> ProblemResponse:
    """Return the answer to a mistake of ours; the cause is in the log alone."""
    _log.error("request-crashed", path=request.url.path, exc_info=error)
    detail = "The registry made a mistake; it is in its log under this request's id."
    return problem(request, 500, "internal", detail)
