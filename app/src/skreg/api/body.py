"""Reads an upload from a multipart body, with the size counted while it arrives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request

from skreg.api.multipart import NotMultipart, read_parts
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
    """Return the uploaded parts.

    Raises:
        TooLarge: the body is larger than an archive may be.
        Unprocessable: not multipart, without the archive, or another part is too long.
    """
    kind = request.headers.get("content-type", "")
    try:
        parts = await read_parts(kind, _capped(request.stream()))
    except NotMultipart as error:
        raise _no_file(_ARCHIVE, str(error)) from error
    return Upload(
        _archive(parts),
        _part(parts, "signature", MAX_SIGNATURE),
        _part(parts, "chain", MAX_CHAIN),
    )


async def _capped(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a body's chunks; an error when too much has come."""
    left = MAX_BODY
    async for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise too_large()
        yield chunk


def _archive(parts: Mapping[str, bytes]) -> bytes:
    data = parts.get(_ARCHIVE)
    if data is None:
        raise _no_file(_ARCHIVE, f"There is no file in the field {_ARCHIVE!r}.")
    if len(data) > MAX_ARCHIVE:
        raise too_large()
    return data


def _part(parts: Mapping[str, bytes], field: str, most: int) -> bytes | None:
    """Return another part, that was sent as a file or as plain text; None without it."""
    data = parts.get(field)
    if data is not None and len(data) > most:
        raise _no_file(field, f"The field {field!r} has {len(data)} bytes; {most} are the most.")
    return data


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
