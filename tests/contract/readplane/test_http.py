"""HTTP as it happens: redirects, downgrades, caps, slow servers, retries, TLS, proxies."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillpkg.client.transport import Limits, Request, Response, Transport
from skillpkg.errors import NetworkFailure
from support.loopback import Loopback, Play, Turns, body, drip, hang_up, redirect, running, tls

OK = b"HTTP/1.1 200 OK\r\n"
QUICK = Limits(connect=1.0, read=0.4, total=0.8)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with running() as one:
        yield one


def get(server: Loopback, path: str = "/x", max_size: int = 1000, **more: object) -> Response:
    transport = Transport(limits=QUICK, wait=lambda _: None)
    return transport.send(Request(server.url + path, max_size, **more))  # type: ignore[arg-type]


def test_an_answer_is_whole_and_lowercase(server: Loopback) -> None:
    server.script["/x"] = body(b"data", X_Thing="1")
    answer = get(server)
    assert (answer.status, answer.body, answer.headers["x-thing"]) == (200, b"data", "1")
    _, headers = server.asked[0]
    assert headers["User-Agent"].startswith("skillpkg/")
    assert headers["Accept-Encoding"] == "identity"


def test_one_connection_serves_many_requests(server: Loopback) -> None:
    seen = set()

    def play(handler: object) -> None:
        seen.add(handler.client_address)  # type: ignore[attr-defined]
        handler.reply(200, b"x")  # type: ignore[attr-defined]

    server.script["/x"] = play
    transport = Transport()
    for _ in range(5):
        transport.send(Request(f"{server.url}/x", 10))
    transport.close()
    assert len(seen) == 1


# --- redirects


def test_a_redirect_inside_the_origin_is_followed_without_the_token(server: Loopback) -> None:
    server.script["/x"] = redirect("/y")
    server.script["/y"] = body(b"data")
    assert get(server, token="secret").body == b"data"
    assert server.asked[0][1]["Authorization"] == "Bearer secret"
    assert "Authorization" not in server.asked[1][1]


def test_a_redirect_to_a_named_host_is_followed_and_to_another_is_not(server: Loopback) -> None:
    with running() as other:
        other.script["/y"] = body(b"data")
        server.script["/x"] = redirect(f"{other.url}/y")
        with pytest.raises(NetworkFailure, match="redirect") as caught:
            get(server, token="secret")
        assert "does not name that host" in caught.value.why
        assert other.asked == []
        named = frozenset({other.url.removeprefix("http://")})
        transport = Transport(redirect_hosts=named, limits=QUICK)
        assert transport.send(Request(f"{server.url}/x", 10, token="secret")).body == b"data"
        assert "Authorization" not in other.asked[0][1]


def test_a_circle_ends(server: Loopback) -> None:
    server.script["/x"] = redirect("/x")
    with pytest.raises(NetworkFailure, match="circle"):
        get(server)
    assert len(server.asked) == 4


@pytest.mark.parametrize("way", ["POST", "no location"])
def test_what_is_not_followed(server: Loopback, way: str) -> None:
    server.script["/x"] = redirect("/y") if way == "POST" else body(b"", 302)
    answer = get(server, method="POST" if way == "POST" else "GET")
    assert answer.status == 302
    assert len(server.asked) == 1


def test_https_never_leads_to_http(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    server.script["/y"] = body(b"data")
    with running(context) as secure:
        secure.script["/x"] = redirect(f"{server.url}/y")
        secure.script["/ok"] = body(b"fine")
        transport = Transport(redirect_hosts=frozenset({"127.0.0.1"}), limits=QUICK)
        assert transport.send(Request(f"{secure.url}/ok", 10)).body == b"fine"
        with pytest.raises(NetworkFailure, match="redirect") as caught:
            transport.send(Request(f"{secure.url}/x", 10))
        assert "away from https" in caught.value.why
    assert server.asked == []


def test_an_unknown_certificate_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, _ = tls(tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with running(context) as secure, pytest.raises(NetworkFailure, match="who it is") as caught:
        get(secure)
    assert "SSL_CERT_FILE" in caught.value.fix


@pytest.mark.parametrize("url", ["http://192.0.2.1/x", "http://example.test/x", "file:///etc/x"])
def test_plain_http_leaves_this_machine_never(url: str) -> None:
    with pytest.raises(NetworkFailure, match="not an address"):
        Transport().send(Request(url, 10))


# --- sizes and times


@pytest.mark.parametrize(
    "play",
    [
        body(b"x" * 1001),
        drip(OK + b"\r\n", b"x" * 600, 0.0),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"258\r\n" + b"x" * 600 + b"\r\n", 0.0),
        drip(OK + b"Content-Length: 99999999\r\n\r\n", b"x" * 600, 0.0),
    ],
    ids=["exact", "endless", "chunked", "announced"],
)
def test_reading_stops_at_the_cap(server: Loopback, play: Play) -> None:
    server.script["/x"] = play
    with pytest.raises(NetworkFailure, match="more than it may"):
        get(server)


@pytest.mark.parametrize(
    "play",
    [
        drip(OK, b"X-A: 1\r\n"),
        drip(b"", b"H"),
        drip(OK + b"Content-Length: 900\r\n\r\n", b"x"),
        drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(OK + b"Content-Length: 900\r\n\r\n", b"", 60.0),
    ],
    ids=["headers", "status line", "body", "chunks", "silence"],
)
def test_a_slow_server_cannot_hold_the_client(server: Loopback, play: Play) -> None:
    server.script["/x"] = play
    started = time.monotonic()
    with pytest.raises(NetworkFailure):
        get(server, repeatable=False)
    assert time.monotonic() - started < 5.0


def test_a_slow_tls_server_cannot_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with running(context) as secure:
        secure.script["/x"] = drip(OK, b"X-A: 1\r\n")
        started = time.monotonic()
        with pytest.raises(NetworkFailure):
            get(secure, repeatable=False)
        assert time.monotonic() - started < 5.0


def test_a_truncated_answer_is_none(server: Loopback) -> None:
    def cut(handler: object) -> None:
        handler.close_connection = True  # type: ignore[attr-defined]
        handler.wfile.write(OK + b"Content-Length: 10\r\n\r\nhalf")  # type: ignore[attr-defined]

    server.script["/x"] = cut
    with pytest.raises(NetworkFailure, match="could not be reached"):
        get(server)
    assert len(server.asked) == 3


def test_a_compressed_answer_is_refused(server: Loopback) -> None:
    server.script["/x"] = body(b"x", Content_Encoding="gzip")
    with pytest.raises(NetworkFailure, match="compressed"):
        get(server)


# --- trying again


@pytest.mark.parametrize("first", [body(b"", 502), body(b"", 503), body(b"", 504), hang_up])
def test_what_may_pass_is_tried_again(server: Loopback, first: Play) -> None:
    server.script["/x"] = Turns([first, first, body(b"data")])
    assert get(server).body == b"data"
    assert len(server.asked) == 3


def test_it_gives_up_after_three(server: Loopback) -> None:
    server.script["/x"] = body(b"", 503)
    assert get(server).status == 503
    server.script["/y"] = hang_up
    with pytest.raises(NetworkFailure, match="could not be reached"):
        get(server, "/y")
    assert len(server.asked) == 6


@pytest.mark.parametrize("status", [400, 404, 500])
def test_what_will_not_pass_is_not(server: Loopback, status: int) -> None:
    server.script["/x"] = body(b"", status)
    assert get(server).status == status
    assert len(server.asked) == 1


def test_what_must_not_be_repeated_is_sent_once(server: Loopback) -> None:
    server.script["/x"] = body(b"", 503)
    assert get(server, method="POST", body=b"{}", repeatable=False).status == 503
    assert len(server.asked) == 1


def test_pauses_grow(server: Loopback) -> None:
    pauses: list[float] = []
    server.script["/x"] = body(b"", 503)
    Transport(wait=pauses.append).send(Request(f"{server.url}/x", 10))
    assert 0.1 < pauses[0] < pauses[1] < 1.1


def test_nobody_listening() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x"
        with pytest.raises(NetworkFailure, match="could not be reached"):
            Transport(wait=lambda _: None).send(Request(url, 10))


def test_a_proxy_is_used_and_a_dead_one_is_named(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.url)
    with pytest.raises(NetworkFailure):
        Transport(limits=QUICK, wait=lambda _: None).send(Request("https://far.test/x", 10))
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(NetworkFailure, match="proxy"):
            Transport(limits=QUICK, wait=lambda _: None).send(Request("https://far.test/x", 10))


def test_many_threads_share_a_transport(server: Loopback) -> None:
    server.script["/x"] = body(b"data")
    transport, bodies = Transport(), []
    threads = [
        threading.Thread(
            target=lambda: bodies.append(transport.send(Request(f"{server.url}/x", 10)).body)
        )
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [b"data"] * 20
