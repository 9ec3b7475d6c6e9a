"""What every object store does, shown on all of them through the port."""

from __future__ import annotations

import asyncio
import secrets
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from skreg.adapters.blobs import BLOB_STORES, open_blob_store
from skreg.errors import BlobMissing, ConfigurationInvalid, StorageUnavailable
from skreg.ports.blobs import BlobHeaders, BlobStore
from support.blob_backends import BLOB_BACKENDS, BlobBackend

KEY = "packages/acme/demo/1.0.0+build.1/archive.skill"


async def chunks_of(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def keys_under(store: BlobStore, prefix: str) -> set[str]:
    return {info.key async for info in store.list(prefix)}


def test_every_store_is_in_this_suite() -> None:
    assert set(BLOB_BACKENDS) == set(BLOB_STORES)


async def test_what_was_put_is_read_back(store: BlobStore) -> None:
    await store.put(KEY, b"first")
    assert await store.get(KEY) == b"first"
    await store.put(KEY, b"second")
    assert await store.get(KEY) == b"second"


async def test_empty_and_large_objects(store: BlobStore) -> None:
    large = secrets.token_bytes(11 * 1024 * 1024)
    await store.put("empty", b"")
    await store.put("large", large)
    assert await store.get("empty") == b""
    assert await store.get("large") == large
    assert (await store.head("large")).size == len(large)


async def test_put_if_absent_writes_once(store: BlobStore) -> None:
    assert await store.put_if_absent(KEY, b"first") is True
    assert await store.put_if_absent(KEY, b"second") is False
    assert await store.get(KEY) == b"first"


async def test_of_many_writers_one_wins(store: BlobStore) -> None:
    answers = await asyncio.gather(
        *(store.put_if_absent(KEY, b"writer %d" % number) for number in range(8))
    )
    assert sum(answers) == 1
    assert await store.get(KEY) == b"writer %d" % answers.index(True)


async def test_a_stream_is_one_object(store: BlobStore) -> None:
    parts = [secrets.token_bytes(700_001) for _ in range(18)]
    assert await store.put_stream(KEY, chunks_of(*parts)) == 18 * 700_001
    assert await store.get(KEY) == b"".join(parts)
    await store.put_stream(KEY, chunks_of(b"short"))
    assert await store.get(KEY) == b"short"


async def test_an_empty_stream_is_an_empty_object(store: BlobStore) -> None:
    assert await store.put_stream(KEY, chunks_of()) == 0
    assert await store.get(KEY) == b""


async def test_a_stream_that_breaks_leaves_nothing(store: BlobStore) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield secrets.token_bytes(6 * 1024 * 1024)
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        await store.put_stream(KEY, breaking())
    with pytest.raises(BlobMissing):
        await store.get(KEY)
    assert await keys_under(store, "") == set()


async def test_an_etag_tells_whether_it_changed(store: BlobStore) -> None:
    await store.put(KEY, b"first")
    etag = (await store.head(KEY)).etag
    assert etag
    assert await store.get_if_changed(KEY, etag) is None
    await store.put(KEY, b"other")
    assert await store.get_if_changed(KEY, etag) == b"other"


async def test_ranges_are_as_slices(store: BlobStore) -> None:
    data = bytes(range(100))
    await store.put(KEY, data)
    for start, end in ((0, 1), (0, 100), (10, 20), (90, 200), (100, 101), (200, 300), (5, 5)):
        assert await store.get_range(KEY, start, end) == data[start:end], (start, end)


async def test_head_says_size_and_time(store: BlobStore) -> None:
    await store.put(KEY, b"12345")
    info = await store.head(KEY)
    assert (info.key, info.size) == (KEY, 5)
    assert abs(info.modified - datetime.now(UTC)) < timedelta(minutes=2)


async def test_what_is_not_there_is_missing(store: BlobStore) -> None:
    for read in (
        store.get(KEY),
        store.head(KEY),
        store.get_range(KEY, 0, 1),
        store.get_if_changed(KEY, '"etag"'),
    ):
        with pytest.raises(BlobMissing):
            await read


async def test_a_folder_is_no_object(store: BlobStore) -> None:
    await store.put("index/acme/demo.json", b"{}")
    for read in (
        store.get("index/acme"),
        store.head("index/acme"),
        store.get("index/acme/demo.json/x"),
    ):
        with pytest.raises(BlobMissing):
            await read


async def test_list_finds_by_the_beginning_of_the_key(store: BlobStore) -> None:
    for key in ("index/acme/a.json", "index/acme-two/b.json", "index/other/c.json", "index.json"):
        await store.put(key, b"x")
    assert await keys_under(store, "index/acme") == {"index/acme/a.json", "index/acme-two/b.json"}
    assert await keys_under(store, "index/acme/") == {"index/acme/a.json"}
    assert await keys_under(store, "ind") == {
        "index/acme/a.json", "index/acme-two/b.json", "index/other/c.json", "index.json",
    }  # fmt: skip
    assert await keys_under(store, "nothing/here/") == set()


async def test_delete_removes_and_may_be_repeated(store: BlobStore) -> None:
    await store.put(KEY, b"x")
    await store.delete(KEY)
    await store.delete(KEY)
    with pytest.raises(BlobMissing):
        await store.get(KEY)
    assert await store.put_if_absent(KEY, b"y") is True


async def test_a_presigned_url_reads_with_the_stored_headers(
    backend: BlobBackend, store: BlobStore
) -> None:
    headers = BlobHeaders("application/vnd.skreg.skill", "public, max-age=86400, immutable")
    await store.put(KEY, b"archive", headers)
    url = await store.presign_get(KEY, 60)
    if not backend.presigns:
        assert url is None
        return
    assert url

    def read() -> tuple[bytes, str, str]:
        with urllib.request.urlopen(url, timeout=10) as answer:
            found = answer.headers
            return answer.read(), found["Content-Type"], found["Cache-Control"]

    assert await asyncio.to_thread(read) == (
        b"archive",
        headers.content_type,
        headers.cache_control,
    )


async def test_streams_and_first_writes_keep_their_headers(
    backend: BlobBackend, store: BlobStore
) -> None:
    headers = BlobHeaders("application/json", "public, max-age=30")
    await store.put_stream("stream", chunks_of(b"1", b"2"), headers)
    await store.put_if_absent("absent", b"3", headers)
    for key in ("stream", "absent"):
        url = await store.presign_get(key, 60)
        if url is not None:
            with await asyncio.to_thread(urllib.request.urlopen, url, timeout=10) as answer:
                assert answer.headers["Content-Type"] == headers.content_type
                assert answer.headers["Cache-Control"] == headers.cache_control


@pytest.mark.parametrize(
    "key",
    ["", "/a", "a/", "a//b", "../a", "a/../b", ".", "a/./b", "a b", "a%2fb", "ä", "a\x00", "a\\b",
     "a\n", "x" * 2000, ".writing/a"],
)  # fmt: skip
async def test_no_object_can_have_a_key_that_leaves_its_place(store: BlobStore, key: str) -> None:
    with pytest.raises(BlobMissing):
        await store.put(key, b"x")
    with pytest.raises(BlobMissing):
        await store.get(key)


@pytest.mark.parametrize("backend", sorted(set(BLOB_BACKENDS) - {"file"}), indirect=True)
async def test_a_store_that_does_not_answer_is_unavailable(
    backend: BlobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in backend.broken.items():
        monkeypatch.setenv(name, value)
    store = open_blob_store(backend.uri)
    with pytest.raises(StorageUnavailable):
        await store.get(KEY)
    with pytest.raises(StorageUnavailable):
        await store.put_if_absent(KEY, b"x")
    with pytest.raises(StorageUnavailable):
        await keys_under(store, "")


@pytest.mark.parametrize(
    "uri",
    ["ftp://host/x", "s3:///no-bucket", "s3://bucket?secret=1", "gs://bucket?region=x",
     "az://c?account=a&account=b", "file:relative", "file://host/x", ""],
)  # fmt: skip
def test_a_uri_that_names_no_store_is_a_configuration_error(uri: str) -> None:
    with pytest.raises(ConfigurationInvalid):
        open_blob_store(uri)
