"""``/docs``: Swagger UI over the OpenAPI document, its script from a package of ours.

The framework's own page takes its script from elsewhere, which would then run where people log in,
and shows nothing on a network that is closed.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, Response

from skreg.errors import Missing

_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>skreg API</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><main id="reference"><noscript>This page needs JavaScript; the document is
<a href="openapi.json">openapi.json</a>.</noscript></main>
<script src="docs/swagger-ui-bundle.js"></script><script src="docs/start.js"></script></body></html>
"""
_START = """SwaggerUIBundle({url: "openapi.json", dom_id: "#reference", deepLinking: true});
"""
_ASSETS = frozenset({"swagger-ui.css", "swagger-ui-bundle.js"})


def install(app: FastAPI) -> None:
    """Add the page; its routes are not in the document that it shows."""
    app.add_api_route("/docs", _page, include_in_schema=False)
    app.add_api_route("/docs/{name}", _asset, include_in_schema=False)


async def _page() -> HTMLResponse:
    return HTMLResponse(_PAGE, headers=_HEADERS)


async def _asset(name: str) -> Response:
    headers = {"Cache-Control": "public, max-age=86400"}
    if name == "start.js":
        return Response(_START, headers=headers, media_type="text/javascript")
    if name not in _ASSETS:
        raise Missing(f"There is no page docs/{name}.")
    return FileResponse(_static() / name, headers=headers)


def _static() -> Path:
    with as_file(files("fastapi_offline") / "static") as folder:
        return folder
