"""A worker with the root at hand has it sign for new keys; without, status says what is next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from skillpkg.crypto.trust import TrustBundle, open_bundle
from skreg.bootstrap import open_worker
from skreg.ceremonies.status import status
from skreg.cli import main
from skreg.pki.local import create_successor, local_key_settings
from skreg.settings import load_worker_settings
from skreg.worker import run_worker
from support.asgi import AsgiClient
from support.registry import Registry
from support.skills import make_skill

PUBLISH = "/v1/packages/acme/demo/publish"
ONE_EACH = ("registry-ca", "publisher-ca", "log")


class Keyed:
    """A registry whose workers are given the newest key of each kind."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.keys = registry.folder / "keys"

    def settings(self, **changed: str) -> dict[str, str]:
        newest = self.registry.common | local_key_settings(self.keys) | changed
        return {name: value for name, value in newest.items() if value}

    async def work(self, settings: dict[str, str]) -> None:
        container = open_worker(load_worker_settings(settings))
        try:
            await run_worker(container, wait=False)
        finally:
            await container.close()

    async def status(self) -> str:
        return "\n".join(await asyncio.to_thread(status, None))


def bundle_of(registry: Registry) -> TrustBundle:
    """The published trust bundle, by the root that the registry shows to newcomers."""
    known = json.loads((registry.storage / ".well-known" / "skreg.json").read_bytes())
    data = (registry.storage / "trust" / "latest.json").read_bytes()
    return open_bundle(data, known["root_fingerprints"][0])


@pytest.fixture
def keyed(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keyed]:
    monkeypatch.setenv("DATABASE_URL", registry.database_url)
    return Keyed(registry)


async def test_new_keys_are_signed_for_when_a_worker_starts(
    keyed: Keyed, acme: AsgiClient, registry: Registry
) -> None:
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    before = keyed.settings()
    await keyed.work(before)
    for role in ONE_EACH:
        create_successor(keyed.keys, role)
    after = keyed.settings()
    await keyed.work(after)
    told = await keyed.status()
    assert told.count("(replaced)") == 2
    assert "trust bundle 2" in told
    assert told.endswith("Nothing to do.")

    await keyed.work(before)  # a rolling deployment's old worker: nothing goes back
    assert await keyed.status() == told
    await acme.upload(PUBLISH, make_skill("acme", "demo", "1.1.0"))
    await keyed.work(after)
    for version in ("1.0.0", "1.1.0"):
        registry.verify(f"acme/demo@{version}")
    issuers = registry.sql("SELECT DISTINCT chain[2] FROM versions")
    assert len(issuers) == 2


async def test_a_new_root_is_signed_for_by_the_one_before(
    keyed: Keyed, acme: AsgiClient, registry: Registry
) -> None:
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    await keyed.work(keyed.settings())
    old = bundle_of(registry).present_root
    create_successor(keyed.keys, "root")
    await keyed.work(keyed.settings(FORMER_KEY_URIS=""))
    assert "Name the present root too, in FORMER_KEY_URIS" in await keyed.status()
    await keyed.work(keyed.settings())
    bundle = bundle_of(registry)
    assert (bundle.version, bundle.roots[0], len(bundle.roots)) == (2, old, 2)
    registry.verify("acme/demo@1.0.0")
    assert (await keyed.status()).endswith("Nothing to do.")


@pytest.mark.parametrize("mode", ["sealed", "offline"])
async def test_without_the_root_status_says_what_is_next(
    keyed: Keyed, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_successor(keyed.keys, "log")
    held = keyed.settings(ROOT_MODE=mode)
    held.pop("ROOT_KEY_URI")
    await keyed.work(held)
    told = await keyed.status()
    assert "no root has signed for: log. Ask the root: skreg pki request" in told
    assert "trust bundle 1" in told
    for name, value in held.items():
        monkeypatch.setenv(name, value)
    out = keyed.registry.folder / "request.json"
    assert await asyncio.to_thread(main, ["pki", "request", "--out", str(out)]) == 0
    assert "A request waits for the root" in await keyed.status()
    await keyed.work(keyed.settings())  # the root is managed again, and answers by itself
    told = await keyed.status()
    assert ("trust bundle 2" in told, told.endswith("Nothing to do.")) == (True, True)
