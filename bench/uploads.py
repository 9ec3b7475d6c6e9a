"""What is published in the bench: small skills, and the same bytes as npm's publish sends them."""

from __future__ import annotations

import base64
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from skillpkg.archive.pack import pack_folder

NAMESPACE = "acme"
_BYTES = 20 * 1024
_BOUNDARY = "skreg-bench-boundary"
_SKILL = """---
name: {name}
description: A skill of twenty kilobytes, to see how long its publication takes.
---

# {name}
"""


@dataclass(frozen=True, slots=True)
class Upload:
    """One version to publish."""

    name: str
    version: str
    archive: bytes


def skills(count: int, version: str, files: int = 1) -> list[Upload]:
    """Return ``count`` packages' archives of about 20 KB; their data does not compress.

    Args:
        files: how many there are beside ``SKILL.md``, the bytes being shared among them.
    """
    with tempfile.TemporaryDirectory(prefix="skreg-bench-skill-") as root:
        return [_skill(Path(root), f"skill-{number}x", version, files) for number in range(count)]


def _skill(root: Path, name: str, version: str, files: int) -> Upload:
    folder = root / name
    folder.mkdir()
    (folder / "SKILL.md").write_text(_SKILL.format(name=name))
    for number in range(files):
        data = base64.b85encode(os.urandom(_BYTES // files))
        (folder / f"data-{number}.txt").write_bytes(data)
    packed = pack_folder(folder, namespace=NAMESPACE, version=version)
    return Upload(name, version, packed.archive)


def multipart(archive: bytes) -> tuple[bytes, str]:
    """Return the upload's body and its content type."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="archive"; filename="a.skill"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + archive + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={_BOUNDARY}"


def peer_document(upload: Upload, shasum: str, integrity: str) -> dict[str, object]:
    """Return what ``npm publish`` sends."""
    tarball = f"{upload.name}-{upload.version}.tgz"
    attachment = {
        "content_type": "application/octet-stream",
        "data": base64.b64encode(upload.archive).decode(),
        "length": len(upload.archive),
    }
    version = {
        "name": upload.name,
        "version": upload.version,
        "description": "Twenty kilobytes.",
        "dist": {
            "shasum": shasum,
            "integrity": integrity,
            "tarball": f"http://localhost/{upload.name}/-/{tarball}",
        },
    }
    return {
        "_id": upload.name,
        "name": upload.name,
        "dist-tags": {"latest": upload.version},
        "versions": {upload.version: version},
        "_attachments": {tarball: attachment},
    }
