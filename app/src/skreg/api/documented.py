"""How the OpenAPI document tells of refusals: each route names its own, all are problems."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from skreg.api.models import Problem

_TOLD = {
    400: "The request cannot be read.",
    401: "No credential, or one that is not good now.",
    403: "The credential does not carry the right.",
    404: "There is no such thing, or the caller may not know of it.",
    409: "What is there contradicts the request.",
    422: "The request breaks a rule; `errors` names it.",
    429: "Too many requests or attempts; `Retry-After` says when to come again.",
    503: "A part that is needed does not answer; try again.",
}
_ALWAYS = (429, 503)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route that may be refused with these statuses."""
    return {
        status: {"model": Problem, "description": _TOLD.get(status, HTTPStatus(status).phrase)}
        for status in sorted({*statuses, *_ALWAYS})
    }


def install(app: FastAPI) -> None:
    """Make ``/openapi.json`` say what errors are sent as: ``application/problem+json``."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
            )
            for methods in found["paths"].values():
                for operation in methods.values():
                    _mend(operation["responses"])
            for name in ("HTTPValidationError", "ValidationError"):
                found.get("components", {}).get("schemas", {}).pop(name, None)
            app.openapi_schema = found
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _mend(responses: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Problem"}
    for status, response in responses.items():
        if status.isdigit() and int(status) >= HTTPStatus.BAD_REQUEST:
            if status == "422":
                response["description"] = _TOLD[422]
            if response.get("content"):
                response["content"] = {"application/problem+json": {"schema": schema}}
