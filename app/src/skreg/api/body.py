"""Reads an upload from a multipart body, with the size counted while it arrives."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from skreg.errors import TooLarge, Unprocessable

MAX_ARCHIVE = 10 * 1024 * 1024
"""Largest archive in bytes (PROTOCOL, Package)."""
MAX_SIGNATURE = 1024
"""Longest detached signature in bytes, in base64 too."""
MAX_CHAIN = 32 * 1024
"""Longest certificate chain in bytes."""
_OVERHEAD = 64 * 1024
"""Signature, chain, multipart headers and boundaries around the archive."""
MAX_BODY = MAX_ARCHIVE + _OVERHEAD
"""Largest body in bytes of any request."""


_ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class Upload:
    """What was uploaded: an archive and, where its publisher signed it, two more parts, as sent."""

    archive: bytes
    signature: bytes | None = None
    chain: bytes | None = None


async def read_upload(request: Request) -> Upload:
    """Return the uploaded parts; what exceeds a megabyte is spooled to disk meanwhile.

    Raises:
        TooLarge: the body is larger than an archive may be.
        Unprocessable: not multipart, without the archive, or another part is too long.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise _no_file(_ARCHIVE, "The body is not multipart/form-data.")
    capped = Request(request.scope, _Capped(request).receive)
    try:
        async with capped.form(max_files=4, max_fields=16) as form:
            found = Upload(
                await _archive(form),
                await _part(form, "signature", MAX_SIGNATURE),
                await _part(form, "chain", MAX_CHAIN),
            )
    except HTTPException as error:
        raise _no_file(_ARCHIVE, str(error.detail)) from error
    return found


async def _archive(form: FormData) -> bytes:
    part = form.get(_ARCHIVE)
    if not isinstance(part, UploadFile):
        raise _no_file(_ARCHIVE, f"There is no file in the field {_ARCHIVE!r}.")
    data = await part.read()
    if len(data) > MAX_ARCHIVE:
        raise too_large()
    return data


async def _part(form: FormData, field: str, most: int) -> bytes | None:
    """Return a part that may be a file or plain text; None when it was not sent."""
    part = form.get(field)
    if part is None:
        return None
    data = await part.read() if isinstance(part, UploadFile) else part.encode()
    if len(data) > most:
        raise _no_file(field, f"The field {field!r} has {len(data)} bytes; {most} are the most.")
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
        fix="Send multipart/form-data with the .skill file in the field 'archive'; a publisher's "
        "own signature goes into 'signature', its certificates into 'chain'.",
        errors=[error],
    )
