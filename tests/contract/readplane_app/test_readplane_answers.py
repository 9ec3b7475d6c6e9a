"""Headers, conditions, ranges and refusals, from files and through the port alike."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readplane_driver import (
    ARCHIVE,
    ARCHIVE_PATH,
    BIG,
    BIG_PATH,
    BUILD_PATH,
    DOCUMENT,
    DOCUMENT_PATH,
    OBJECTS,
    SIG_PATH,
    Client,
    address,
)

from skreg.api.readplane.ranges import RangeUnsatisfiableError, parse_range
from skreg.api.readplane.replies import Problem
from skreg.publish.headers import headers_for

ETAG = f'"{address(ARCHIVE)}"'


@pytest.mark.parametrize("path", OBJECTS)
async def test_every_kind_of_object_has_its_headers(plane: Any, path: str) -> None:
    reply = await plane.client.ask(path)
    stored = headers_for(path[1:])
    assert reply.status == 200
    assert reply.body == OBJECTS[path]
    assert reply.headers["content-type"] == stored.content_type
    assert reply.headers["cache-control"] == stored.cache_control
    assert reply.headers["content-length"] == str(len(OBJECTS[path]))
    assert reply.headers["etag"] == f'"{address(OBJECTS[path])}"'
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("path", [ARCHIVE_PATH, BIG_PATH, DOCUMENT_PATH, "/index/timestamp"])
async def test_head_has_the_headers_of_get_and_no_body(plane: Any, path: str) -> None:
    got = await plane.client.ask(path)
    head = await plane.client.ask(path, "HEAD", range="bytes=0-1")
    del got.headers["x-request-id"], head.headers["x-request-id"]
    assert (head.status, head.body, head.headers) == (200, b"", got.headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("value", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*", " * "])
async def test_a_known_etag_is_304(plane: Any, method: str, value: str) -> None:
    reply = await plane.client.ask(ARCHIVE_PATH, method, if_none_match=value, range="bytes=0-1")
    assert (reply.status, reply.body) == (304, b"")
    assert reply.headers["etag"] == ETAG
    assert reply.headers["cache-control"]
    assert not {"content-length", "content-type"} & set(reply.headers)


async def test_another_etag_is_the_object(plane: Any) -> None:
    assert (await plane.client.ask(ARCHIVE_PATH, if_none_match='"other"')).body == ARCHIVE


@pytest.mark.parametrize("path", [ARCHIVE_PATH, BIG_PATH])
@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=3-9", 3, 10),
        ("bytes=7-", 7, None),
        ("bytes=-5", -5, None),
        ("bytes=400-99999999", 400, None),
        ("bytes=-99999999", 0, None),
    ],
)
async def test_a_range_is_206(
    plane: Any, path: str, value: str, start: int, end: int | None
) -> None:
    whole = OBJECTS[path]
    reply = await plane.client.ask(path, range=value)
    part = whole[start:end]
    first = start % len(whole)
    assert (reply.status, reply.body) == (206, part)
    assert reply.headers["content-length"] == str(len(part))
    assert reply.headers["content-range"] == (f"bytes {first}-{first + len(part) - 1}/{len(whole)}")


@pytest.mark.parametrize("path", [ARCHIVE_PATH, BIG_PATH])
@pytest.mark.parametrize("value", ["bytes=99999999-", "bytes=-0"])
async def test_a_range_beyond_the_end_is_416(plane: Any, path: str, value: str) -> None:
    reply = await plane.client.ask(path, range=value)
    assert reply.status == 416
    assert reply.headers["content-range"] == f"bytes */{len(OBJECTS[path])}"
    assert reply.problem()["type"] == "urn:skreg:problem:requested-range-not-satisfiable"


@pytest.mark.parametrize(
    "value", ["bytes=0-1,3-4", "items=0-1", "bytes=9-3", "bytes=-", "bytes=a-b", "", "bytes=0-1-2"]
)
async def test_a_range_that_is_not_understood_is_ignored(plane: Any, value: str) -> None:
    reply = await plane.client.ask(ARCHIVE_PATH, range=value)
    assert (reply.status, reply.body) == (200, ARCHIVE)


async def test_if_range_needs_the_same_etag(plane: Any) -> None:
    same = await plane.client.ask(ARCHIVE_PATH, range="bytes=0-1", if_range=ETAG)
    other = await plane.client.ask(ARCHIVE_PATH, range="bytes=0-1", if_range='"old"')
    assert (same.status, other.status) == (206, 200)


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_a_range_lies_in_the_object(size: int, start: int, last: int) -> None:
    for value in (b"bytes=%d-%d" % (start, last), b"bytes=%d-" % start, b"bytes=-%d" % last):
        try:
            part = parse_range(value, size)
        except RangeUnsatisfiableError:
            continue
        assert part is None or 0 <= part[0] < part[1] <= size


@given(st.binary(max_size=30))
def test_any_bytes_are_a_range_or_not(value: bytes) -> None:
    try:
        part = parse_range(value, 10)
    except RangeUnsatisfiableError:
        return
    assert part is None or 0 <= part[0] < part[1] <= 10


async def test_a_large_archive_comes_in_pieces_and_is_not_kept(plane: Any) -> None:
    for _ in range(2):
        reply = await plane.client.ask(BIG_PATH)
        assert reply.body == BIG
        assert reply.pieces == 3


async def test_a_server_that_sends_files_is_given_the_path(make_plane: Any) -> None:
    extensions = {"http.response.pathsend": {}}
    local, remote = make_plane("file"), make_plane("port")
    reply = await Client(local.app, extensions).ask(BIG_PATH)
    assert reply.sent_paths == [str(local.file(BIG_PATH))]
    assert reply.headers["content-length"] == str(len(BIG))
    ranged = await Client(local.app, extensions).ask(BIG_PATH, range="bytes=5-6")
    assert (ranged.sent_paths, ranged.body) == ([], BIG[5:7])
    assert (await Client(remote.app, extensions).ask(BIG_PATH)).body == BIG
    assert (await Client(local.app, {}).ask(BIG_PATH)).body == BIG


async def test_a_large_document_without_an_address_is_read_whole(plane: Any) -> None:
    plane.file("/index/acme/wide.json").write_bytes(BIG)
    reply = await plane.client.ask("/index/acme/wide.json")
    assert (reply.body, reply.pieces) == (BIG, 1)
    assert reply.headers["etag"] == f'"{address(BIG)}"'


async def test_an_escaped_plus_is_the_same_object(plane: Any) -> None:
    for escape in ("+", "%2B", "%2b"):
        reply = await plane.client.ask(BUILD_PATH.replace("+", escape))
        assert (reply.status, reply.body) == (200, ARCHIVE)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
async def test_other_methods_are_405(plane: Any, method: str) -> None:
    reply = await plane.client.ask(ARCHIVE_PATH, method)
    assert reply.status == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS"
    assert reply.problem()["title"] == "Method Not Allowed"


async def test_a_browser_may_ask_before_it_reads(plane: Any) -> None:
    reply = await plane.client.ask(ARCHIVE_PATH, "OPTIONS", origin="https://example.org")
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "if-none-match" in reply.headers["access-control-allow-headers"]


async def test_what_is_not_there_is_404(plane: Any) -> None:
    reply = await plane.client.ask(ARCHIVE_PATH.replace("demo", "other"))
    assert reply.status == 404
    assert reply.problem()["type"] == "urn:skreg:problem:not-found"
    assert (await plane.client.ask("/index/nothing", "HEAD")).body == b""


async def test_a_folder_is_no_object(plane: Any) -> None:
    plane.file("/crl/00bb.crl").mkdir()
    assert (await plane.client.ask("/crl/00bb.crl")).status == 404


async def test_a_link_is_no_object(make_plane: Any) -> None:
    plane = make_plane("file")
    plane.file("/crl/00bb.crl").symlink_to(plane.file("/crl/00aa.crl"))
    assert (await plane.client.ask("/crl/00bb.crl")).status == 404


async def test_a_store_that_is_gone_is_503_and_says_no_path(make_plane: Any) -> None:
    plane = make_plane("file")
    shutil.rmtree(plane.root)
    reply = await plane.client.ask(ARCHIVE_PATH)
    assert reply.status == 503
    assert reply.headers["retry-after"] == "5"
    assert str(plane.root) not in str(reply.problem())


async def test_ids_differ_and_a_harmless_one_is_kept(plane: Any) -> None:
    ids = {(await plane.client.ask(SIG_PATH)).headers["x-request-id"] for _ in range(9)}
    assert len(ids) == 9
    kept = await plane.client.ask(SIG_PATH, x_request_id="proxy-0123456789")
    assert kept.headers["x-request-id"] == "proxy-0123456789"
    dropped = await plane.client.ask(SIG_PATH, x_request_id="a b\n<script>")
    assert dropped.headers["x-request-id"].isascii()
    assert "<" not in dropped.headers["x-request-id"]


async def test_a_server_without_raw_paths_is_served(plane: Any) -> None:
    async def without_raw(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await plane.app({k: v for k, v in scope.items() if k != "raw_path"}, receive, send)

    assert (await Client(without_raw).ask(DOCUMENT_PATH)).body == DOCUMENT


@pytest.mark.parametrize("kind", ["file", "port"])
async def test_a_private_registry_asks_first_and_tells_shared_caches(
    make_plane: Any, kind: str
) -> None:
    async def authorize(scope: dict[str, Any]) -> Problem | None:
        if (b"authorization", b"Bearer good") in scope["headers"]:
            return None
        challenge = (b"www-authenticate", b"Bearer")
        return Problem(401, "unauthenticated", "A token is needed.", (challenge,))

    client = make_plane(kind, authorize=authorize).client
    refused = await client.ask(ARCHIVE_PATH)
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.problem()["detail"] == "A token is needed."
    allowed = await client.ask(ARCHIVE_PATH, authorization="Bearer good")
    assert allowed.body == ARCHIVE
    assert allowed.headers["cache-control"] == "private, max-age=86400, immutable"
    absent = await client.ask("/index/acme/demo/x/y", authorization="Bearer good")
    assert absent.status == 404
