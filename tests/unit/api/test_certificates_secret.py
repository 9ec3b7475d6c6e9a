"""``PKI_SECRET``: the worker puts the CAs' certificates there, and goes on when it cannot."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from cryptography import x509

from skreg.api.services import readiness
from skreg.bootstrap import WorkerContainer, open_worker
from skreg.ceremonies.status import status
from skreg.cli import main
from skreg.errors import ConfigurationInvalid
from skreg.pki.local import create_successor, local_key_settings
from skreg.publish.pipeline import Pipeline
from skreg.settings import load_worker_settings
from skreg.worker import run_worker
from support.asgi import AsgiClient
from support.registry import Registry
from support.skills import make_skill

PUBLISH = "/v1/packages/acme/demo/publish"


def environment_of(registry: Registry, place: Path) -> dict[str, str]:
    """The worker's, with the newest key of each kind."""
    keys = registry.folder / "keys"
    return registry.common | local_key_settings(keys) | {"PKI_SECRET": place.as_uri()}


def worker(registry: Registry, place: Path) -> WorkerContainer:
    return open_worker(load_worker_settings(environment_of(registry, place)))


async def work(registry: Registry, place: Path) -> None:
    container = worker(registry, place)
    try:
        await run_worker(container, wait=False)
    finally:
        await container.close()


def subjects(place: Path) -> list[str]:
    """The subjects of what stands in the secret."""
    found = x509.load_pem_x509_certificates(place.read_bytes())
    return [one.subject.rfc4514_string() for one in found]


async def test_the_first_start_puts_them_there(blank: Registry) -> None:
    place = blank.folder / "secrets" / "certificates"
    await work(blank, place)
    registry_ca, publisher_ca, root = subjects(place)
    assert " registry-ca " in registry_ca
    assert " publisher-ca " in publisher_ca
    assert "skreg root " in root


async def test_a_rotated_ca_takes_the_place_of_the_one_before(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = registry.folder / "secrets" / "certificates"
    await work(registry, place)
    before = subjects(place)
    create_successor(registry.folder / "keys", "registry-ca")
    for name, value in environment_of(registry, place).items():
        monkeypatch.setenv(name, value)
    assert await asyncio.to_thread(main, ["pki", "rotate", "registry-ca"]) == 0
    await work(registry, place)
    after = subjects(place)
    assert after[0] != before[0]
    assert after[1:] == before[1:]


async def test_a_secret_that_cannot_be_written_is_told_and_publishing_goes_on(
    acme: AsgiClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = registry.folder / "taken"
    taken.touch()
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    await work(registry, taken / "certificates")
    registry.verify("acme/demo@1.0.0")
    api = registry.api()
    assert (await readiness.check(api)).degraded == ["renewal"]
    await api.close()
    monkeypatch.setenv("DATABASE_URL", registry.database_url)
    told = await asyncio.to_thread(status, None)
    assert any("secret cannot be read or written" in line for line in told), told

    place = registry.folder / "secrets" / "certificates"
    container = worker(registry, place)
    await Pipeline(container).settle()
    await container.close()
    assert len(subjects(place)) == 3
    api = registry.api()
    assert (await readiness.check(api)).degraded == []
    await api.close()


@pytest.mark.parametrize("uri", ["env://CERTIFICATES", "vault://x", "certificates"])
def test_a_place_that_the_worker_cannot_write_to_is_a_mistake(registry: Registry, uri: str) -> None:
    with pytest.raises(ConfigurationInvalid) as caught:
        load_worker_settings(registry.worker_environment() | {"PKI_SECRET": uri})
    assert [item["path"] for item in caught.value.errors] == ["PKI_SECRET"]
