"""What is served: the same packages as read-plane objects and as a verdaccio storage folder."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

PACKAGES = 1000
LARGE = 200
VERSIONS = 5
SMALL_BYTES = 20 * 1024
LARGE_BYTES = 2 * 1024 * 1024
_VERSION_BYTES = 400
_CHAIN_BYTES = 1200  # two P-256 certificates and a signature, in DER


@dataclass(frozen=True, slots=True)
class Paths:
    """URL paths by kind of object, for one server."""

    index: list[str]
    archive20k: list[str]
    archive2m: list[str]
    index_newest: list[str]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Both folders with the paths of what is in them; the archives are the same files."""

    read_plane: Path
    verdaccio: Path
    ours: Paths
    theirs: Paths


def lay(folder: Path) -> Corpus:
    """Write the corpus under ``folder``, about 450 MB."""
    corpus = Corpus(
        folder / "objects",
        folder / "verdaccio",
        ours=Paths([], [], [], []),
        theirs=Paths([], [], [], []),
    )
    for number in range(PACKAGES):
        _package(corpus, f"skill-{number:04}", SMALL_BYTES, corpus.ours.archive20k)
    for number in range(LARGE):
        _package(corpus, f"large-{number:04}", LARGE_BYTES, corpus.ours.archive2m)
    return corpus


def _package(corpus: Corpus, name: str, size: int, listed: list[str]) -> None:
    data = os.urandom(size)
    digest = hashlib.sha256(data).hexdigest()
    archive = corpus.read_plane / f"packages/acme/{name}/1.0.0/{digest}.skill"
    _write(archive, data)
    listed.append("/" + archive.relative_to(corpus.read_plane).as_posix())
    _peer_package(corpus, name, archive, hashlib.sha1(data, usedforsecurity=False).hexdigest())
    if size == SMALL_BYTES:
        _document(corpus, name, digest)


def _document(corpus: Corpus, name: str, digest: str) -> None:
    data = _index_document(name, digest)
    address = hashlib.sha256(data).hexdigest()
    for path, listed in (
        (f"index/acme/{name}/{address}.json", corpus.ours.index),
        (f"index/acme/{name}.json", corpus.ours.index_newest),
    ):
        _write(corpus.read_plane / path, data)
        listed.append("/" + path)


def _index_document(name: str, digest: str) -> bytes:
    payload = {"name": name, "versions": [_release(f"1.0.{n}", digest) for n in range(VERSIONS)]}
    return json.dumps(
        {
            "payload": base64.b64encode(json.dumps(payload).encode()).decode(),
            "payloadType": "application/vnd.skreg.index.v1+json",
            "signatures": [{"sig": base64.b64encode(os.urandom(_CHAIN_BYTES)).decode()}],
        }
    ).encode()


def _release(version: str, digest: str) -> dict[str, str]:
    known = {"version": version, "sha256": digest, "release": digest}
    return known | {"rest": "x" * (_VERSION_BYTES - len(json.dumps(known)) - 12)}


def _peer_package(corpus: Corpus, name: str, archive: Path, shasum: str) -> None:
    folder = corpus.verdaccio / name
    folder.mkdir(parents=True)
    tarball = f"{name}-1.0.0.tgz"
    (folder / tarball).hardlink_to(archive)
    (folder / "package.json").write_text(json.dumps(_packument(name, tarball, shasum)))
    if archive.stat().st_size == SMALL_BYTES:
        corpus.theirs.index.append(f"/{name}")
        corpus.theirs.archive20k.append(f"/{name}/-/{tarball}")
    else:
        corpus.theirs.archive2m.append(f"/{name}/-/{tarball}")


def _packument(name: str, tarball: str, shasum: str) -> dict[str, object]:
    versions = {
        f"1.0.{n}": _peer_version(name, f"1.0.{n}", tarball, shasum) for n in range(VERSIONS)
    }
    return {
        "_id": name,
        "name": name,
        "versions": versions,
        "dist-tags": {"latest": f"1.0.{VERSIONS - 1}"},
        "time": {version: "2026-01-01T00:00:00.000Z" for version in versions},
        "users": {},
        "readme": "",
        "_rev": "1-0",
        "_uplinks": {},
        "_distfiles": {},
        "_attachments": {tarball: {"shasum": shasum}},
    }


def _peer_version(name: str, version: str, tarball: str, shasum: str) -> dict[str, object]:
    dist = {"shasum": shasum, "tarball": f"http://localhost/{name}/-/{tarball}"}
    known: dict[str, object] = {"name": name, "version": version, "_id": f"{name}@{version}"}
    known["dist"] = dist
    return known | {"description": "x" * (_VERSION_BYTES - len(json.dumps(known)) - 20)}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
