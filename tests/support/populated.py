"""A registry with something of everything in it, and a real ``skreg api`` over it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.accounts import join, organisation, send, send_form
from support.asgi import AsgiClient
from support.publisher import certified
from support.registry import Registry, client_of, signed_up
from support.registry_process import Http, free_port, running, wait_until_ready
from support.skills import make_skill

OWNER, MEMBER, STAFF, ORGANISATION = "acme", "morgan", "sasha", "umbrella"
UNLIMITED = {
    "RATE_LIMIT_ANONYMOUS": "1000000000",
    "RATE_LIMIT_TOKEN": "1000000000",
    "TRUSTED_PROXIES": "127.0.0.1/32",
    "WEBHOOK_SEALING_KEY": "sealing-key-of-a-test-and-of-nothing-else",
}
"""Settings of a service that is asked more than anybody may; requests name their own address."""


async def populate(registry: Registry) -> None:
    """Fill a registry: people, an organisation, packages in several states, offers that wait."""
    container = registry.api()
    try:
        acme = await signed_up(client_of(container), OWNER)
        await organisation(acme, ORGANISATION)
        await join(acme, ORGANISATION, MEMBER, "publisher")
        for name in (STAFF, "robin", "kim"):
            await signed_up(AsgiClient(acme.app), name)
        registry.sql("UPDATE accounts SET is_admin = true WHERE username = %s", STAFF)
        await _packages(acme, registry)
        await _waiting(acme)
    finally:
        await container.close()
    await registry.work()


async def _packages(acme: AsgiClient, registry: Registry) -> None:
    for name, version in (
        ("demo", "1.0.0"),
        ("demo", "1.1.0"),
        ("old", "1.0.0"),
    ):
        made = make_skill(OWNER, name, version)
        taken = await acme.upload(f"/v1/packages/{OWNER}/{name}/publish", made)
        assert taken.status == 202, taken.body
        await registry.work()  # one by one: two that wait are published in either order
    signed = await (await certified(acme, registry)).publish(
        make_skill(OWNER, "tool", "0.1.0"), "tool"
    )
    assert signed.status == 202, signed.body
    await registry.work()
    yanked = await acme.post(f"/v1/packages/{OWNER}/tool/0.1.0/yank", {"reason": "broken"})
    assert yanked.status == 200, yanked.body


async def _waiting(acme: AsgiClient) -> None:
    body = {"username": "kim", "role": "reader"}
    invited = await send(acme, "POST", f"/v1/namespaces/{ORGANISATION}/invitations", body)
    assert invited.status == 201, invited.body
    begun = await send_form(acme, "/v1/auth/device/code")
    assert begun.status == 200, begun.body


@dataclass(frozen=True)
class Service:
    """A running API.

    Attributes:
        log: what the process wrote, one JSON object a line.
    """

    http: Http
    registry: Registry
    log: Path


@contextmanager
def serving(registry: Registry, folder: Path, **settings: str) -> Iterator[Service]:
    """Run ``skreg api`` over a registry until the block ends."""
    log, port = folder / "api.log", free_port()
    url = f"http://127.0.0.1:{port}"
    environment = registry.common | {"LISTEN_PORT": str(port), "PUBLIC_URL": url} | settings
    http = Http(url)
    with running("api", environment, log) as process:
        wait_until_ready(http, process, log)
        yield Service(http, registry, log)
