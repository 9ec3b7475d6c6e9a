"""The answer of an old name: 308 to the new one, which the body names as well."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

from skreg.api.models_releases import Moved

MOVED: dict[int | str, dict[str, Any]] = {
    308: {"model": Moved, "description": "The package goes on under another name."}
}


def moved(package: str, rest: str = "") -> JSONResponse:
    """Return the redirect to ``ns/name``; ``rest`` follows it in the path."""
    headers = {"Location": f"/v1/packages/{package}{rest}", "Cache-Control": "public, max-age=10"}
    return JSONResponse({"moved_to": package}, 308, headers)
