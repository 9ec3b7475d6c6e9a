"""Raw tar and gzip shapes, built without the code under test: one thing wrong in each."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable

MTIME = 946684800
SKILL = b"---\nname: demo\ndescription: A skill that exists to be attacked.\n---\n# Demo\n"
RUN = b"#!/bin/sh\necho demo\n"
FILES = {"SKILL.md": SKILL, "scripts/run.sh": RUN}
END = bytes(1024)


def block(
    name: bytes,
    data: bytes = b"",
    *,
    kind: bytes = b"0",
    mode: int | None = None,
    size: bytes | None = None,
    link: bytes = b"",
    prefix: bytes = b"",
    magic: bytes = b"ustar\x0000",
    mtime: int = MTIME,
    uid: int = 0,
    user: bytes = b"",
    checksum: bytes | None = None,
    padding: bytes = b"\0",
) -> bytes:
    """One member: header, data and padding, any field of it wrong if asked for."""
    mode = (0o755 if data.startswith(b"#!") else 0o644) if mode is None else mode
    head = b"".join(
        (
            name.ljust(100, b"\0"),
            b"%07o\0%07o\0%07o\0" % (mode, uid, 0),
            size if size is not None else b"%011o\0" % len(data),
            b"%011o\0" % mtime,
            b" " * 8,
            kind,
            link.ljust(100, b"\0"),
            magic,
            user.ljust(64, b"\0"),
            b"0000000\0" * 2,
            prefix.ljust(167, b"\0"),
        )
    )
    total = checksum if checksum is not None else b"%06o\0 " % sum(head)
    return head[:148] + total + head[156:] + data + padding * (-len(data) % 512)


def listing(files: dict[str, bytes]) -> list[dict[str, object]]:
    """The manifest's ``files`` for these files."""
    return [
        {"path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for path, data in sorted(files.items())
    ]


def manifest(files: dict[str, bytes], **changed: object) -> bytes:
    """A manifest that is right, but for what is changed."""
    document = {
        "category": "other",
        "dependencies": {},
        "description": "A skill that exists to be attacked.",
        "files": listing(files),
        "license": None,
        "name": "demo",
        "namespace": "acme",
        "requires": {"bins": [], "env": [], "hosts": [], "tools": []},
        "schema": "skreg.manifest/1",
        "tags": [],
        "version": "1.0.0",
    } | changed
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogateescape")


def gzip(tar: bytes, header: bytes = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff", tail: bytes = b"") -> bytes:
    """One gzip member around ``tar``."""
    deflater = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = deflater.compress(tar) + deflater.flush()
    check = struct.pack("<II", zlib.crc32(tar), len(tar) & 0xFFFFFFFF)
    return header + body + check + tail


def blocks_of(files: dict[str, bytes], listed: dict[str, bytes] | None = None) -> list[bytes]:
    """Canonical members for ``files`` and a manifest that lists them."""
    every = files | {"manifest.json": manifest(files if listed is None else listed)}
    return [block(path.encode(), data) for path, data in sorted(every.items())]


def archive(blocks: Iterable[bytes], end: bytes = END) -> bytes:
    """A whole archive from members."""
    return gzip(b"".join(blocks) + end)


def valid() -> bytes:
    """The archive from which every attack differs in one thing."""
    return archive(blocks_of(FILES))


def with_file(path: str, data: bytes = b"x") -> bytes:
    """A well-formed archive with one more file, sorted and listed in the manifest."""
    return archive(blocks_of(FILES | {path: data}))


def with_files(*paths: str) -> bytes:
    """As ``with_file``, several."""
    return archive(blocks_of(FILES | dict.fromkeys(paths, b"x")))


def with_block(*raw: bytes) -> bytes:
    """An archive that begins with raw members."""
    return archive([*raw, *blocks_of(FILES)])


def with_raw_name(name: bytes, prefix: bytes = b"") -> bytes:
    """An archive with a regular file of any name, in its sorted place."""
    members = [(p.encode(), block(p.encode(), d)) for p, d in FILES.items()]
    members.append((b"manifest.json", block(b"manifest.json", manifest(FILES))))
    full = prefix + b"/" + name if prefix else name
    members.append((full, block(name, b"x", prefix=prefix)))
    return archive([raw for _, raw in sorted(members)])


def with_manifest(data: bytes) -> bytes:
    """An archive of the right files with another manifest."""
    every = FILES | {"manifest.json": data}
    return archive([block(path.encode(), d) for path, d in sorted(every.items())])


def pax(*records: bytes) -> bytes:
    """The data of a pax extended header."""
    lines = []
    for record in records:
        size = len(record) + 2
        while len(b"%d %s\n" % (size, record)) != size:
            size += 1
        lines.append(b"%d %s\n" % (size, record))
    return b"".join(lines)
