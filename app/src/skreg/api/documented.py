"""How the OpenAPI document tells of refusals: each route names its own, all are problems.

What every route may answer, and the headers of every answer, are added here: no route says it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from skreg.api.models import Problem

_TOLD = {
    400: "The request cannot be read.",
    401: "No credential, or one that is not good now.",
    403: "The credential does not carry the right.",
    404: "There is no such thing, or the caller may not know of it.",
    409: "What is there contradicts the request.",
    410: "It was withdrawn.",
    413: "The body is larger than any may be.",
    422: "The request breaks a rule; `errors` names it.",
    429: "Too many requests or attempts; `Retry-After` says when to come again.",
    503: "A part that is needed does not answer; try again.",
}
_ALWAYS = (429, 503)
_PROBES = ("/healthz", "/readyz")
"""Counted by no limit, and answered without the database."""
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "Names the request in the registry's log.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Cache-Control": {
        "description": "How long the answer may be kept, and by whom.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "Location": {
        "description": "Where to go on.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "X-RateLimit-Limit": {
        "description": "Requests a minute that are taken of this caller.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Remaining": {
        "description": "How many of them are left in this minute.",
        "schema": {"type": "integer"},
    },
    "X-RateLimit-Reset": {
        "description": "When the next minute begins, in seconds since 1970.",
        "schema": {"type": "integer"},
    },
}
_ON_ALL = ("X-Request-Id", "Cache-Control")
_COUNTED = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_CHAPTERS = (
    "health",
    "accounts",
    "tokens",
    "namespaces",
    "publishing",
    "trusted publishing",
    "releases",
    "packages",
    "search",
    "feeds",
    "downloads",
    "private reads",
    "certificates",
    "webhooks",
    "moderation",
    "advisories",
    "limits",
    "administration",
)
"""The tags in the order in which people read; routes are found in another."""
_OTHERS = {"$ref": "#/components/schemas/HTTPValidationError"}
"""What FastAPI tells of a 422; ours are problems too."""


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route that may be refused with these statuses."""
    return {
        status: {"model": Problem, "description": _TOLD.get(status, HTTPStatus(status).phrase)}
        for status in sorted({*statuses, *_ALWAYS})
    }


def install(app: FastAPI) -> None:
    """Serve ``/openapi.json``, and say there what errors are sent as: ``application/problem+json``.

    It is made when it is first asked for, which takes the better part of a second: in a thread,
    where others are answered meanwhile.
    """
    app.openapi = _document(app)  # type: ignore[method-assign]

    @cache
    def encoded() -> bytes:
        return json.dumps(app.openapi(), ensure_ascii=False, separators=(",", ":")).encode()

    async def show() -> Response:
        return Response(await asyncio.to_thread(encoded), media_type="application/json")

    app.add_api_route("/openapi.json", show, include_in_schema=False)


def _document(app: FastAPI) -> Callable[[], dict[str, Any]]:
    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
                tags=[{"name": name} for name in _CHAPTERS],
            )
            for path, methods in found["paths"].items():
                for operation in methods.values():
                    _complete(path, operation)
                    _mend(operation["responses"])
                    _add_headers(path, operation["responses"])
            components = found.setdefault("components", {})
            for name in ("HTTPValidationError", "ValidationError"):
                components.get("schemas", {}).pop(name, None)
            components["headers"] = _HEADERS
            app.openapi_schema = found
        return app.openapi_schema

    return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Add the refusals that any such route may answer, in the order of their numbers."""
    usual = () if path in _PROBES else _ALWAYS
    unreadable = (400,) if "requestBody" in operation else ()
    responses = operation["responses"]
    for status in (*unreadable, *usual):
        responses.setdefault(str(status), _refusal(status))
    operation["responses"] = dict(sorted(responses.items()))


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": _TOLD[status],
        "content": {"application/problem+json": {"schema": schema}},
    }


def _add_headers(path: str, responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        named = [*_ON_ALL, *(() if path in _PROBES else _COUNTED)]
        if status in ("429", "503"):
            named.append("Retry-After")
        if status.startswith("3") and status != "304":
            named.append("Location")
        references = {name: {"$ref": f"#/components/headers/{name}"} for name in named}
        response["headers"] = references | response.get("headers", {})


def _content(response: dict[str, Any]) -> list[dict[str, Any]]:
    return list(response.get("content", {}).values())


def _mend(responses: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Problem"}
    for status, response in responses.items():
        if status.isdigit() and int(status) >= HTTPStatus.BAD_REQUEST:
            if status == "422":
                response["description"] = _TOLD[422]
            if any(item.get("schema") in (schema, _OTHERS) for item in _content(response)):
                response["content"] = {"application/problem+json": {"schema": schema}}
