"""Content types and cache headers, by path, and what writers do with them."""

from __future__ import annotations

import json

import pytest
from publish_support import REGISTRY, MemoryStore

from skreg.errors import SkregError, StorageUnavailable
from skreg.ports.blobs import BlobHeaders
from skreg.publish.headers import PATH_CLASSES, headers_for, path_class
from skreg.publish.static import WellKnown, write_well_known
from skreg.publish.writing import CONCURRENT_WRITES, BlobObject, write_all, write_once

SHA = "ab" * 32
LONG = "public, max-age=31536000, immutable"
DAY = "public, max-age=86400, immutable"
JSON = "application/json"
BYTES = "application/octet-stream"

EXAMPLES = [
    (".well-known/skreg.json", "well-known", JSON, "public, max-age=300"),
    ("index/timestamp", "timestamp", JSON, "public, max-age=5"),
    (f"index/tree/1/0/{SHA}", "index-tile", BYTES, LONG),
    (f"index/bins/0af/{SHA}.json", "index-bin", JSON, LONG),
    (f"index/acme/demo/{SHA}.json", "index-document", JSON, LONG),
    ("index/acme/demo.json", "index-newest", JSON, "public, max-age=5"),
    (f"packages/acme/demo/1.0.0+b/{SHA}.skill", "archive", BYTES, DAY),
    (f"packages/acme/demo/1.0.0/{SHA}.sig", "signature", BYTES, DAY),
    (f"packages/acme/demo/1.0.0/{SHA}.release", "release", JSON, DAY),
    ("log/checkpoint", "checkpoint", "text/plain; charset=utf-8", "public, max-age=5"),
    ("log/tile/entries/x001/067.p/8", "partial-tile", BYTES, "public, max-age=5"),
    ("log/tile/0/x001/067", "full-tile", BYTES, LONG),
    (f"crl/{REGISTRY}.crl", "crl", "application/pkix-crl", "public, max-age=300"),
    ("trust/latest.json", "trust-latest", JSON, "public, max-age=5"),
    ("trust/12.json", "trust-numbered", JSON, LONG),
]


@pytest.mark.parametrize(("key", "kind", "content_type", "caching"), EXAMPLES)
def test_each_path_has_its_class(key: str, kind: str, content_type: str, caching: str) -> None:
    assert path_class(key) == kind
    assert headers_for(key) == BlobHeaders(content_type, caching)


def test_every_class_has_an_example() -> None:
    assert [kind for _, kind, _, _ in EXAMPLES] == list(PATH_CLASSES)


@pytest.mark.parametrize("key", ["", "staging/x", "/index/timestamp", "index/timestamp\n", "log/x"])
def test_what_is_no_read_plane_path_is_not_cached(key: str) -> None:
    assert path_class(key) is None
    assert headers_for(key).cache_control == "no-store"


async def test_nothing_is_written_where_no_reader_looks() -> None:
    blobs = MemoryStore()
    with pytest.raises(SkregError, match="no path of the static read plane"):
        await write_once(blobs, BlobObject("elsewhere", b""))
    assert blobs.objects == {}


async def test_after_a_failure_nothing_new_is_begun() -> None:
    blobs = MemoryStore()
    made: list[int] = []

    def items() -> object:
        for number in range(10 * CONCURRENT_WRITES):
            made.append(number)
            yield BlobObject(f"trust/{number}.json", b"")

    blobs.fail_at = 20
    with pytest.raises(StorageUnavailable):
        await write_all(blobs, items(), once=True)  # type: ignore[arg-type]
    assert len(made) == 2 * CONCURRENT_WRITES
    assert len(blobs.written) == 20


async def test_the_well_known_file() -> None:
    blobs = MemoryStore()
    facts = WellKnown(
        REGISTRY,
        "https://registry.example",
        ["https://cdn.example"],
        f"skreg-{REGISTRY}/1",
        ["sha256:" + SHA],
    )
    await write_well_known(blobs, facts)
    assert json.loads(blobs.objects[".well-known/skreg.json"]) == {
        "schema": "skreg.wellknown/1",
        "registry_id": REGISTRY,
        "api_url": "https://registry.example",
        "read_urls": ["https://cdn.example"],
        "log_origin": f"skreg-{REGISTRY}/1",
        "root_fingerprints": ["sha256:" + SHA],
        "features": [],
    }
