"""Reads one uploaded file from a multipart body, with the size counted while it arrives."""

from __future__ import annotations

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from skreg.errors import TooLarge, Unprocessable

MAX_ARCHIVE = 10 * 1024 * 1024
"""Largest archive in bytes (PROTOCOL, Package)."""
_OVERHEAD = 64 * 1024
"""Multipart headers and boundaries around the archive."""
MAX_BODY = MAX_ARCHIVE + _OVERHEAD
"""Largest body in bytes of any request."""


async def read_upload(request: Request, field: str) -> bytes:
    """Return the file in ``field``; what exceeds a megabyte is spooled to disk meanwhile.

    Raises:
        TooLarge: the body is larger than an archive may be.
        Unprocessable: not multipart, or without that file.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _no_file(field, "The body is not multipart/form-data.")
    capped = Request(request.scope, _Capped(request).receive)
    try:
        async with capped.form(max_files=4, max_fields=16) as form:
            part = form.get(field)
            if not isinstance(part, UploadFile):
                raise _no_file(field, f"There is no file in the field {field!r}.")
            data = await part.read()
    except HTTPException as error:
        raise _no_file(field, str(error.detail)) from error
    if len(data) > MAX_ARCHIVE:
        raise too_large()
    return data


class _Capped:
    """The request's receive channel, ended by an error when too much has come."""

    def __init__(self, request: Request) -> None:
        self._receive = request.receive
        self._left = MAX_BODY

    async def receive(self) -> Message:
        """Return the next message."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise too_large()
        return message


def too_large() -> TooLarge:
    """Return the error of a body that is larger than any may be."""
    return TooLarge(
        "The archive is larger than 10 MiB.",
        fix="Leave out what an agent does not need: .skillignore names files that stay behind.",
    )


def _no_file(field: str, why: str) -> Unprocessable:
    error = {"rule": "multipart", "path": field, "detail": why}
    return Unprocessable(
        "The upload cannot be read.",
        why=why,
        fix=f"Send multipart/form-data with the .skill file in the field {field!r}.",
        errors=[error],
    )
