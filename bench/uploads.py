"""What is published in the bench: small skills, and the same bytes as npm's publish sends them."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator
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


def skills(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield names and archives of about 20 KB; their data does not compress."""
    with tempfile.TemporaryDirectory(prefix="skreg-bench-skill-") as root:
        for number in range(count):
            name = f"upload-{number:04}-{os.urandom(2).hex()}x"
            folder = Path(root, name)
            folder.mkdir()
            (folder / "SKILL.md").write_text(_SKILL.format(name=name))
            (folder / "data.txt").write_bytes(base64.b85encode(os.urandom(_BYTES)))
            yield name, pack_folder(folder, namespace=NAMESPACE, version="1.0.0").archive


def multipart(archive: bytes) -> tuple[bytes, str]:
    """Return the upload's body and its content type."""
    head = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="archive"; filename="a.skill"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + archive + f"\r\n--{_BOUNDARY}--\r\n".encode()
    return body, f"multipart/form-data; boundary={_BOUNDARY}"


def peer_document(name: str, archive: bytes, shasum: str, integrity: str) -> dict[str, object]:
    """Return what ``npm publish`` sends."""
    tarball = f"{name}-1.0.0.tgz"
    attachment = {
        "content_type": "application/octet-stream",
        "data": base64.b64encode(archive).decode(),
        "length": len(archive),
    }
    version = {
        "name": name,
        "version": "1.0.0",
        "description": "Twenty kilobytes.",
        "dist": {
            "shasum": shasum,
            "integrity": integrity,
            "tarball": f"http://localhost/{name}/-/{tarball}",
        },
    }
    return {
        "_id": name,
        "name": name,
        "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": version},
        "_attachments": {tarball: attachment},
    }
