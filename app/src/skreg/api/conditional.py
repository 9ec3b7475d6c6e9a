"""Answers made of bytes that a client may already hold: a strong ETag, and 304."""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import Request, Response

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "What the ETag in If-None-Match names is still current."}
}


def answer(
    request: Request, data: bytes, media_type: str, cache_control: str, **headers: str
) -> Response:
    """Return ``data``, or 304 when If-None-Match names it; underscores in names become hyphens."""
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    sent |= {"Cache-Control": cache_control, "ETag": etag}
    if _names(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=sent)
    return Response(data, media_type=media_type, headers=sent)


def _names(given: str, etag: str) -> bool:
    """Whether the header names the ETag; weak ones count, as RFC 9110 13.1.2 has it."""
    return any(item.strip().removeprefix("W/") in (etag, "*") for item in given.split(","))
