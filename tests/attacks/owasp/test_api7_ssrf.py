"""OWASP API7:2023, server side request forgery: an address that a user names is asked by the
worker, which stands where the user does not."""

from __future__ import annotations

import dataclasses
import socket
from typing import Any

import pytest

from skreg.adapters.hooks import HttpHooks
from skreg.api.services.sealing import Sealing
from skreg.bootstrap import ApiContainer
from skreg.worker import run_worker
from support.asgi import AsgiClient
from support.registry import Registry, client_of, signed_up
from support.skills import make_skill

KEY = "a sealing key of more than 32 characters"
PLACE = "/v1/namespaces/acme/webhooks"


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that a connection is tried to; none is made."""
    tried: list[Any] = []

    def connect(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX:
            real(self, address)
            return
        tried.append(address)
        raise ConnectionRefusedError

    real = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", connect)
    return tried


async def owner(container: ApiContainer) -> AsgiClient:
    sealed = dataclasses.replace(container, webhook_sealing=Sealing(KEY))
    return await signed_up(client_of(sealed))


async def told_of(registry: Registry, acme: AsgiClient) -> list[tuple[Any, ...]]:
    """Publish, let the worker send with its real sender, and return what came of it."""
    data = make_skill("acme", "demo")
    assert (await acme.upload("/v1/packages/acme/demo/publish", data)).status == 202
    container = registry.worker(hooks=HttpHooks(), sealing=Sealing(KEY))
    try:
        await run_worker(container, wait=False)
    finally:
        await container.close()
    return registry.sql("SELECT state, last_status, last_error FROM webhook_deliveries")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:5432/_x",
        "https://user@hooks.example/",
        "https://hooks.example\r\nX-Injected: 1/",
        "//hooks.example/",
        "unix:/run/postgresql/.s.PGSQL.5432",
    ],
)
async def test_what_is_no_https_address_is_refused_at_once(
    container: ApiContainer, url: str
) -> None:
    acme = await owner(container)
    answer = await acme.post(PLACE, {"url": url, "events": ["version.published"]})
    assert answer.status == 422


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.5",
        "172.16.0.1",
        "192.168.0.1",
        "100.100.100.200",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::a9fe:a9fe]",
        "2130706433",
        "0177.0.0.1",
        "0.0.0.0",
    ],
)
async def test_the_own_network_is_never_asked(
    container: ApiContainer, registry: Registry, connected: list[Any], host: str
) -> None:
    acme = await owner(container)
    hook = {"url": f"https://{host}/latest/meta-data/", "events": ["version.published"]}
    assert (await acme.post(PLACE, hook)).status == 201, "the worker decides when it sends"
    found = await told_of(registry, acme)
    assert connected == []
    assert [(state, status) for state, status, _ in found] == [("dead", None)]
    assert "address" in found[0][2]


async def test_a_name_that_means_the_own_network_is_never_asked(
    container: ApiContainer,
    registry: Registry,
    connected: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A resolver that gives a public address to the check and a private one afterwards."""
    answers = iter(["93.184.216.34"])

    def look_up(host: str, port: Any, *_: Any, **__: Any) -> Any:
        is_address = host[0].isdigit()
        address = host if is_address else next(answers, "169.254.169.254")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    acme = await owner(container)
    hook = {"url": "https://rebinding.example/", "events": ["version.published"]}
    assert (await acme.post(PLACE, hook)).status == 201
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    await told_of(registry, acme)
    assert {address[0] for address in connected} == {"93.184.216.34"}


async def test_nothing_of_an_answer_is_shown(container: ApiContainer, registry: Registry) -> None:
    """What a receiver answers is a status: a webhook is no way to read another server."""
    acme = await owner(container)
    hook = {"url": "https://127.0.0.1/secret", "events": ["version.published"]}
    made = (await acme.post(PLACE, hook)).json()
    await told_of(registry, acme)
    shown = (await acme.get(f"{PLACE}/{made['id']}/deliveries")).json()["results"][0]
    assert set(shown) == {
        "id", "event", "state", "attempts", "last_status", "last_error", "created_at", "tried_at",
    }  # fmt: skip
