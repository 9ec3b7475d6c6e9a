"""The ``Web``, ``Names`` and ``Mail`` ports over real sockets on this machine."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import dns.message
import dns.rrset
import pytest

from skreg.adapters import web as adapter
from skreg.adapters.mail_hook import HookMail
from skreg.adapters.names import DnsNames
from skreg.adapters.web import HttpWeb
from skreg.errors import Unavailable


class Site(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, bytes]]] = []

    def do_GET(self) -> None:
        Site.seen.append((self.path, b""))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
        elif self.path == "/slow":
            threading.Event().wait(2)
        else:
            self._send(200, b"x" * 100)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        Site.seen.append((self.path, body))
        self._send(500 if self.path == "/broken" else 202, b"taken")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def site() -> Iterator[str]:
    Site.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_whole_answer_within_its_size(site: str) -> None:
    answer = await HttpWeb().get(f"{site}/", max_size=100)
    assert (answer.status, len(answer.body)) == (200, 100)
    with pytest.raises(Unavailable, match="larger than 99 bytes"):
        await HttpWeb().get(f"{site}/", max_size=99)


async def test_a_redirect_is_an_answer(site: str) -> None:
    answer = await HttpWeb().get(f"{site}/moved", max_size=100)
    assert answer.status == 302
    assert [path for path, _ in Site.seen] == ["/moved"]


async def test_a_form_is_sent(site: str) -> None:
    answer = await HttpWeb().post(f"{site}/token", b"a=b", {"Content-Type": "x/y"})
    assert (answer.status, answer.body) == (202, b"taken")
    assert Site.seen == [("/token", b"a=b")]


@pytest.mark.parametrize("url", ["http://example.org/", "ftp://127.0.0.1/", "file:///etc/passwd"])
async def test_only_https_leaves_this_machine(url: str) -> None:
    for ask in (HttpWeb().get(url, max_size=1), HttpWeb().post(url, b"", {})):
        with pytest.raises(Unavailable, match="not https"):
            await ask


async def test_nobody_there(site: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable):
        await HttpWeb().get(f"http://127.0.0.1:{port}/", max_size=1)


async def test_who_answers_too_slowly(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_TOTAL_SECONDS", 0.2)
    with pytest.raises(Unavailable, match="TimeoutError"):
        await HttpWeb().get(f"{site}/slow", max_size=1)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "::1", "fd00::1", "fe80::1%eth0",
     "0.0.0.0", "100.64.0.1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
     "224.0.0.1", "ff02::1", "240.0.0.1"],
)  # fmt: skip
async def test_a_users_host_is_not_a_way_into_the_own_network(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it has a public address beside: whichever is taken was checked."""

    def resolve(*_: object, **__: object) -> list[Any]:
        return [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", (address, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Unavailable, match="public internet"):
        await HttpWeb().get("https://evil.example/x", max_size=1, public_only=True)


@pytest.mark.parametrize("url", ["http://example.org/", "https://example.org:8443/"])
async def test_a_users_host_is_asked_by_https_alone(url: str) -> None:
    with pytest.raises(Unavailable, match="only https"):
        await HttpWeb().get(url, max_size=1, public_only=True)


async def test_a_users_host_is_asked_at_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    class Pool:
        def __init__(self, host: str, _port: int, **options: Any) -> None:
            asked.append((host, options))

        def request(self, *_: Any, **__: Any) -> None:
            raise OSError("no route")

    found = [(0, 0, 0, "", ("93.184.216.34", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr("urllib3.HTTPSConnectionPool", Pool)
    with pytest.raises(Unavailable):
        await HttpWeb().get("https://example.org/x", max_size=1, public_only=True)
    ((host, options),) = asked
    assert (host, options["server_hostname"], options["assert_hostname"]) == (
        "93.184.216.34",
        "example.org",
        "example.org",
    )


async def test_a_mail_goes_to_the_hook(site: str) -> None:
    await HookMail(HttpWeb(), f"{site}/mail").send("a@example.org", "subject", "text")
    ((path, body),) = Site.seen
    assert (path, json.loads(body)) == (
        "/mail",
        {"to": "a@example.org", "subject": "subject", "text": "text"},
    )
    with pytest.raises(Unavailable, match="did not take"):
        await HookMail(HttpWeb(), f"{site}/broken").send("a@example.org", "s", "t")


@contextmanager
def name_server() -> Iterator[int]:
    """A name server that knows TXT records of ``_skreg.example.org`` and breaks on others."""
    endpoint = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    endpoint.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            data, peer = endpoint.recvfrom(4096)
            if data == b"stop":
                return
            query = dns.message.from_wire(data)
            name = query.question[0].name.to_text()
            reply = dns.message.make_response(query)
            if name == "_skreg.example.org.":
                reply.answer.append(
                    dns.rrset.from_text(name, 60, "IN", "TXT", '"one" "two"', '"three"')
                )
            elif name == "none.example.org.":
                reply.set_rcode(3)
            elif name == "broken.example.org.":
                reply.set_rcode(2)
            endpoint.sendto(reply.to_wire(), peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield endpoint.getsockname()[1]
    finally:
        endpoint.sendto(b"stop", endpoint.getsockname())
        thread.join()
        endpoint.close()


async def test_txt_records() -> None:
    with name_server() as port:
        names = DnsNames(("127.0.0.1",), port)
        assert sorted(await names.texts("_skreg.example.org")) == ["onetwo", "three"]
        assert await names.texts("none.example.org") == []
        assert await names.texts("empty.example.org") == []
        with pytest.raises(Unavailable, match="name servers"):
            await names.texts("broken.example.org")
