"""The sender of webhooks over real sockets: what it reaches, what it never does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any

import pytest

from skreg.adapters import hooks
from skreg.adapters.addresses import is_public
from skreg.adapters.hooks import HttpHooks
from skreg.ports.hooks import HookRefused, HookUnreached

LOOPBACK = "127.0.0.0/8"


@dataclass
class Receiver:
    """A loopback server that notes what it gets."""

    url: str
    got: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append((self.path, body, dict(self.headers.items())))
            status = {"/moved": 302, "/broken": 500}.get(self.path, 204)
            self.send_response(status)
            if status == 302:
                self.send_header("location", found.url + "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


async def test_an_allowed_network_is_reached(receiver: Receiver) -> None:
    sender = HttpHooks(f"10.0.0.0/8, {LOOPBACK}")
    answer = await sender.send(f"{receiver.url}/in?a=1", b"{}", {"webhook-id": "msg_1"})
    assert answer.status == 204
    path, body, headers = receiver.got[0]
    assert (path, body, headers["webhook-id"]) == ("/in?a=1", b"{}", "msg_1")


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    answer = await HttpHooks(LOOPBACK).send(f"{receiver.url}/moved", b"", {})
    assert answer.status == 302
    assert len(receiver.got) == 1


async def test_loopback_is_refused_unless_allowed(receiver: Receiver) -> None:
    for url in (receiver.url, receiver.url.replace("http", "https", 1)):
        with pytest.raises(HookRefused):
            await HttpHooks().send(url, b"", {})
    assert receiver.got == []


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://10.1.2.3/",
        "https://192.168.1.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
    ],
)
async def test_addresses_that_are_not_public_are_refused(url: str) -> None:
    with pytest.raises(HookRefused):
        await HttpHooks().send(url, b"", {})


async def test_plain_http_is_not_spoken_over_the_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, ["93.184.216.34"])
    with pytest.raises(HookRefused, match="https"):
        await HttpHooks().send("http://hooks.example/", b"", {})


async def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _names(monkeypatch, ["93.184.216.34", "10.0.0.1"])
    with pytest.raises(HookRefused):
        await HttpHooks().send("https://hooks.example/", b"", {})


async def test_a_name_is_looked_up_once_and_the_checked_address_is_used(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    """A name that turns to another machine after the check gains nothing."""
    asked = _names(monkeypatch, ["127.0.0.1"])
    port = receiver.url.rpartition(":")[2]
    answer = await HttpHooks(LOOPBACK).send(f"http://hooks.example:{port}/", b"", {})
    assert answer.status == 204
    assert asked.count("hooks.example") == 1
    assert receiver.got[0][2]["Host"] == f"hooks.example:{port}"


async def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(HookUnreached):
        await HttpHooks(LOOPBACK).send(f"http://127.0.0.1:{port}/", b"", {})
    with pytest.raises(HookUnreached):
        await HttpHooks().send("https://no-such-host.invalid/", b"", {})


async def test_a_receiver_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooks, "_TOTAL_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begun = time.monotonic()
        with pytest.raises(HookUnreached):
            await HttpHooks(LOOPBACK).send(f"http://127.0.0.1:{silent.getsockname()[1]}/", b"", {})
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    ("address", "public"),
    [("93.184.216.34", True), ("2606:2800::1", True), ("::ffff:93.184.216.34", True)],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


def _names(monkeypatch: pytest.MonkeyPatch, addresses: list[str]) -> list[str]:
    """Let every name mean these addresses; returns the names that were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: str, port: Any, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        if host != "hooks.example":
            return real(host, port, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked
