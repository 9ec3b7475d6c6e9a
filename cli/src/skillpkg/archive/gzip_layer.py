"""The gzip layer: one member with a fixed header, checked and never written again.

zlib and zlib-ng compress the same bytes differently, so equal bytes are asked of the tar inside
alone; the layer around it is checked field by field (RFC 1952).
"""

from __future__ import annotations

import struct
import zlib

from skillpkg.archive.limits import Limits
from skillpkg.archive.rules import Rule
from skillpkg.errors import ArchiveInvalid

_START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00"
_HEADER = _START + b"\x02\xff"
_EXTRA_FLAGS = frozenset({0, 2, 4})
_SYSTEMS = frozenset(range(14)) | {255}
_HEADER_SIZE = 10
_TRAILER_SIZE = 8


def deflate(tar: bytes) -> bytes:
    """Return ``tar`` as one gzip member without name and time."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = compressor.compress(tar) + compressor.flush()
    return _HEADER + body + struct.pack("<II", zlib.crc32(tar), len(tar) & 0xFFFFFFFF)


def inflate(data: bytes, limits: Limits) -> bytes:
    """Return the tar inside ``data``.

    Raises:
        ArchiveInvalid: ``archive-too-large``, ``gzip-header``, ``gzip-corrupt``,
            ``gzip-truncated``, ``gzip-trailing``, ``gzip-checksum``, ``unpacked-too-large``.
    """
    if len(data) > limits.compressed:
        raise ArchiveInvalid(
            Rule.ARCHIVE_TOO_LARGE,
            "The archive is too large.",
            why=f"max: {limits.compressed} bytes, got: {len(data)}",
            fix="Leave large files out with .skillignore.",
        )
    _check_header(data)
    tar, rest = _inflate_body(memoryview(data)[_HEADER_SIZE:], limits.tar)
    if len(rest) < _TRAILER_SIZE:
        raise _corrupt(Rule.GZIP_TRUNCATED, "It ends inside its checksum.")
    if len(rest) > _TRAILER_SIZE:
        raise _corrupt(Rule.GZIP_TRAILING, f"{len(rest) - _TRAILER_SIZE} bytes follow its end.")
    if struct.unpack("<II", rest) != (zlib.crc32(tar), len(tar) & 0xFFFFFFFF):
        raise _corrupt(Rule.GZIP_CHECKSUM, "Its checksum or size is wrong.")
    return tar


def _check_header(data: bytes) -> None:
    if len(data) < _HEADER_SIZE + _TRAILER_SIZE:
        raise _corrupt(Rule.GZIP_TRUNCATED, f"It is only {len(data)} bytes long.")
    if not data.startswith(_START) or data[8] not in _EXTRA_FLAGS or data[9] not in _SYSTEMS:
        raise _corrupt(Rule.GZIP_HEADER, "Its gzip header must carry no flag, name or time.")


def _inflate_body(body: memoryview, longest: int) -> tuple[bytes, bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        tar = inflater.decompress(body, longest + 1)
    except zlib.error as error:
        raise _corrupt(Rule.GZIP_CORRUPT, f"It cannot be inflated: {error}.") from error
    if len(tar) > longest:
        raise ArchiveInvalid(
            Rule.UNPACKED_TOO_LARGE,
            "The archive unpacks to more than a package may hold.",
            why=f"max: {longest} bytes of tar",
        )
    if not inflater.eof:
        raise _corrupt(Rule.GZIP_TRUNCATED, "It ends before its data does.")
    return tar, inflater.unused_data


def _corrupt(rule: Rule, why: str) -> ArchiveInvalid:
    return ArchiveInvalid(
        rule,
        "This is not a .skill archive, or it is damaged.",
        why=why,
        fix="Build it with: skillpkg pack",
    )
