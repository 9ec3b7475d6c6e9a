"""The same under the real server, over the loopback."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from readplane_driver import (
    ARCHIVE,
    ARCHIVE_PATH,
    BIG,
    BIG_PATH,
    DOCUMENT,
    DOCUMENT_PATH,
    address,
)

Answer = tuple[int, dict[str, str], bytes]

pytestmark = pytest.mark.enable_socket

APP = """
import os
from dataclasses import dataclass
from skreg.adapters.blobs.file import open_store
from skreg.api.readplane import ReadPlaneApp

def fallback():
    async def inner(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inner"})
    return inner

app = ReadPlaneApp(open_store(os.environ["STORAGE_URL"]), fallback)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    for path, data in ((ARCHIVE_PATH, ARCHIVE), (BIG_PATH, BIG * 3), (DOCUMENT_PATH, DOCUMENT)):
        file = folder / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


@pytest.fixture(scope="module")
def port(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    module = tmp_path_factory.mktemp("app")
    (module / "served_here.py").write_text(APP)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free: int = listener.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(free), "served_here:app"]
    process = subprocess.Popen(
        command,
        cwd=module,
        env={**os.environ, "STORAGE_URL": root.as_uri()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, free)
        yield free
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            if ask(port, DOCUMENT_PATH)[0] == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not answer")


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, headers=named)
        response = connection.getresponse()
        body = response.read()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, body
    finally:
        connection.close()


def test_a_2_mb_archive_is_sent_by_the_server_itself(port: int) -> None:
    status, headers, body = ask(port, BIG_PATH)
    assert status == 200
    assert body == BIG * 3
    assert headers["content-length"] == str(len(BIG) * 3)
    assert headers["etag"] == f'"{address(BIG)}"'
    assert headers["cache-control"] == "public, max-age=86400, immutable"


def test_a_range_of_it(port: int) -> None:
    status, headers, body = ask(port, BIG_PATH, range="bytes=1000000-1999999")
    assert (status, body) == (206, (BIG * 3)[1_000_000:2_000_000])
    assert headers["content-range"] == f"bytes 1000000-1999999/{len(BIG) * 3}"
    assert headers["content-length"] == "1000000"


@pytest.mark.parametrize("path", [BIG_PATH, ARCHIVE_PATH, DOCUMENT_PATH])
def test_head_has_the_length_and_no_body(port: int, path: str) -> None:
    status, headers, body = ask(port, path, "HEAD")
    assert (status, body) == (200, b"")
    assert headers["content-length"] == ask(port, path)[1]["content-length"]


def test_304_and_problems(port: int) -> None:
    assert ask(port, DOCUMENT_PATH, if_none_match=f'"{address(DOCUMENT)}"')[0] == 304
    assert ask(port, BIG_PATH, range="bytes=99999999-")[0] == 416
    assert ask(port, DOCUMENT_PATH, "POST")[0] == 405
    assert ask(port, "/index/../packages")[0] == 404
    assert ask(port, DOCUMENT_PATH.replace("/acme/", "/acme%2F"))[0] == 404
    status, headers, body = ask(port, "/index/acme/none.json")
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    assert b"Traceback" not in body


def test_a_takedown_reaches_the_running_server(port: int, root: Path) -> None:
    path = ARCHIVE_PATH.replace("demo", "withdrawn")
    file = root / path[1:]
    file.parent.mkdir(parents=True)
    file.write_bytes(ARCHIVE)
    assert ask(port, path)[0] == 200
    file.unlink()
    until = time.monotonic() + 10
    while ask(port, path)[0] == 200 and time.monotonic() < until:
        time.sleep(0.2)
    assert ask(port, path)[0] == 404


def test_the_rest_goes_to_the_fallback(port: int) -> None:
    assert ask(port, "/v1/search")[2] == b"inner"
