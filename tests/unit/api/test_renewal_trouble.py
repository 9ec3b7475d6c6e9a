"""What the worker cannot renew is told in log, audit, readiness and status; publishing goes on."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from skreg.api.services import readiness
from skreg.bootstrap import WorkerContainer, open_worker, utc_now
from skreg.ceremonies.status import status
from skreg.db.pool import writing
from skreg.db.queries import pki
from skreg.errors import SigningRefused, SigningUnavailable
from skreg.pki import ceremony
from skreg.pki.ceremony_json import grant_to_bytes
from skreg.pki.local import create_successor, local_key_settings
from skreg.publish import pipeline_pki
from skreg.publish.pipeline import Pipeline
from skreg.settings import load_worker_settings
from skreg.signing import VerifiedSigner
from support.asgi import AsgiClient
from support.registry import Registry, client_of
from support.skills import make_skill
from support.unsigning import answering

PUBLISH = "/v1/packages/acme/demo/publish"


class Away:
    """A key whose backend is away."""

    def __init__(self, signer: VerifiedSigner) -> None:
        self._signer = signer
        self.key_ref = signer.key_ref

    def __getattr__(self, name: str) -> object:
        return getattr(self._signer, name)

    def sign(self, data: bytes, purpose: str) -> bytes:
        raise SigningUnavailable("The KMS throttles.", why="Rate exceeded.")


@contextmanager
def worker(registry: Registry, away: str = "", **later: float) -> Iterator[WorkerContainer]:
    container = registry.worker(lambda: utc_now() + timedelta(**later))
    if away:
        keys = dataclasses.replace(container.keys, **{away: Away(getattr(container.keys, away))})
        container = dataclasses.replace(container, keys=keys)
    yield container


async def settle(registry: Registry, away: str = "", **later: float) -> None:
    with worker(registry, away, **later) as container:
        try:
            await Pipeline(container).settle()
        finally:
            await container.close()


async def degraded(registry: Registry, **later: float) -> list[str]:
    container = registry.api(clock=lambda: utc_now() + timedelta(**later))
    try:
        return (await readiness.check(container)).degraded
    finally:
        await container.close()


def told(registry: Registry) -> list[str]:
    found = registry.sql("SELECT action FROM audit WHERE action LIKE 'renewal-%%' ORDER BY id")
    return [action for (action,) in found]


async def test_a_crl_that_cannot_be_renewed_is_told_and_publishing_goes_on(
    acme: AsgiClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    await registry.work()
    with capture_logs() as logs:
        for _ in range(2):
            await settle(registry, away="publisher_ca", hours=13)
    events = [item for item in logs if item["event"] == "renewal-failed"]
    assert [item["error"] for item in events] == ["SigningUnavailable"] * 2
    assert told(registry) == ["renewal-failed"]
    assert "renewal" in await degraded(registry, hours=13)
    registry.verify("acme/demo@1.0.0", lambda: utc_now() + timedelta(hours=13))
    monkeypatch.setenv("DATABASE_URL", registry.database_url)

    await settle(registry, hours=13)
    assert told(registry) == ["renewal-failed", "renewal-resumed"]
    assert await degraded(registry, hours=13) == []


async def test_a_timestamp_that_cannot_be_signed_is_told(registry: Registry) -> None:
    with pytest.raises(SigningUnavailable):
        await settle(registry, away="signing", hours=7)
    assert told(registry) == ["renewal-failed"]
    assert await degraded(registry) == ["renewal"]


async def test_a_worker_that_is_gone_is_seen_by_the_timestamps_age(registry: Registry) -> None:
    assert await degraded(registry, hours=11) == []
    assert await degraded(registry, hours=13) == ["renewal"]
    assert await degraded(registry, hours=73) == ["signer"]


async def test_a_compromised_key_signs_nothing_more(registry: Registry) -> None:
    from skreg.pki.revoke import revoke

    container = registry.worker()
    async with container.pool.connect() as connection:
        state = await pipeline_pki.load(connection)
        assert state is not None
        await connection.rollback()
        serial = state.leaf.serial_number
        change = revoke(
            state, container.keys, "registry-ca", serial, utc_now(), reason="keyCompromise"
        )
        await pipeline_pki.store(connection, change, state)
    with pytest.raises(SigningRefused, match="SIGNING_KEY_URI"):
        await Pipeline(container).settle()
    await container.close()
    assert await degraded(registry) == ["renewal"]
    assert told(registry) == ["renewal-failed"]


async def test_a_grant_that_does_not_fit_waits_and_stops_nothing(registry: Registry) -> None:
    container = registry.worker()
    stranger = registry.folder / "stranger"
    from skreg.pki.local import local_keys

    foreign = local_keys(stranger)
    granted = ceremony.grant(ceremony.request(foreign), foreign.required("root"), utc_now())
    async with writing(container.pool) as connection:
        await pki.save(connection, pki.GRANT, grant_to_bytes(granted))
    await container.close()
    await settle(registry, hours=13)
    assert "renewal" in await degraded(registry, hours=13)
    assert registry.timestamp()["crl_numbers"]
    assert max(registry.timestamp()["crl_numbers"].values()) == 2
    await settle(registry, away="registry_ca", hours=26)
    assert registry.sql("SELECT length(value) > 0 FROM pki_state WHERE name = %s", pki.GRANT) == [
        (True,)
    ]


async def test_a_list_whose_key_is_elsewhere_is_told_long_before_it_ends(
    registry: Registry,
) -> None:
    """The root is sealed: its list holds 400 days, and 60 days before a person has to know."""
    settings = load_worker_settings(registry.worker_environment() | {"ROOT_MODE": "sealed"})
    for days, wanted in ((339, []), (341, ["renewal"])):
        container = open_worker(settings, clock=lambda days=days: utc_now() + timedelta(days=days))
        await Pipeline(container).settle()
        await container.close()
        assert await degraded(registry, days=days) == wanted
    kept = registry.sql("SELECT value FROM pki_state WHERE name = %s", pki.TROUBLE)
    assert b"key of: root" in kept[0][0]
    await settle(registry, days=341)  # with the root at hand the worker issues it
    assert await degraded(registry, days=341) == []


async def test_a_replaced_ca_whose_key_is_gone_is_told(registry: Registry) -> None:
    keys = registry.folder / "keys"
    create_successor(keys, "registry-ca")
    both = registry.common | local_key_settings(keys)
    for settings, hours, wanted in (
        (both, 0, []),
        (both | {"FORMER_KEY_URIS": ""}, 23, []),
        (both | {"FORMER_KEY_URIS": ""}, 37, ["renewal"]),
        (both, 37, []),
    ):
        container = open_worker(
            load_worker_settings(settings),
            clock=lambda hours=hours: utc_now() + timedelta(hours=hours),
        )
        await Pipeline(container).settle()
        await container.close()
        assert await degraded(registry, hours=hours) == wanted


async def test_every_signature_is_counted_by_key_and_purpose(
    acme: AsgiClient, registry: Registry
) -> None:
    before = len(registry.sql("SELECT 1 FROM audit WHERE action = 'signature'"))
    await acme.upload(PUBLISH, make_skill("acme", "demo"))
    await registry.work()
    rows = registry.sql("SELECT subject, details FROM audit WHERE action = 'signature' ORDER BY id")
    made = [(subject.rpartition("/")[2][:7], details["purpose"]) for subject, details in rows]
    assert sorted(purpose.partition("vnd.")[2] or purpose for _, purpose in made[before:]) == [
        "archive", "checkpoint", "skreg.index.v1+json", "skreg.timestamp.v1+json",
    ]  # fmt: skip
    container = registry.worker()
    async with container.pool.connect() as connection:
        counts = await pki.signatures(connection)
    await container.close()
    assert {item.count for item in counts if item.purpose == "archive"} == {1}


@pytest.mark.parametrize("mode", ["sealed", "offline"])
async def test_a_root_that_is_not_managed_is_never_opened(blank: Registry, mode: str) -> None:
    environment = blank.worker_environment() | {"ROOT_MODE": mode}
    if mode == "offline":
        del environment["ROOT_KEY_URI"]
    else:
        environment["ROOT_KEY_URI"] = "file:///nowhere/root.pem"
    from skreg.bootstrap import open_worker
    from skreg.worker import run_worker

    container = open_worker(load_worker_settings(environment))
    await run_worker(container, wait=False)
    await container.close()
    assert await degraded(blank) == ["pki"]
    held = blank.sql("SELECT value FROM pki_state WHERE name = %s", pki.WORKER)[0][0]
    told = json.loads(held)
    assert (told["root_mode"], told["root_at_hand"]) == (mode, False)
    assert set(told["keys"]) == {"registry-ca", "publisher-ca", "log"}
    assert len(told["held"]) == 4


async def test_the_api_cannot_sign(registry: Registry) -> None:
    """The guard that this whole suite runs under does guard."""
    container = registry.worker()
    with answering():
        with pytest.raises(AssertionError, match="asked for a signature"):
            container.keys.signing.sign(b"data", "archive")
        with pytest.raises(AssertionError, match="asked for a signature"):
            await asyncio.to_thread(registry.worker)
    await container.close()
    assert (await client_of(registry.api()).get("/healthz")).status == 200


def test_status_names_the_next_step(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", registry.database_url)
    assert status(None)[-1] == "Nothing to do."
    save(registry, pki.WORKER, b'{"root_mode":"managed","environment":"prod","root_at_hand":true}')
    assert "ROOT_MODE=sealed" in status(None)[-1]
    save(registry, pki.REQUEST, b"{}")
    assert any("skreg pki install" in line for line in status(None))
    save(registry, pki.GRANT, b"{}")
    assert any("A grant waits" in line for line in status(None))
    save(registry, pki.WORKER, b"{}")
    save(registry, pki.GRANT, b"")
    save(registry, pki.REQUEST, b"")
    told = b'{"since":"2026-11-21T04:00:00Z","error":"KeyDisabled","text":"The key may not."}'
    save(registry, pki.TROUBLE, told)
    assert status(None)[-2:] == [
        "failing      since 2026-11-21T04:00:00Z: The key may not.", "Mend what fails.",
    ]  # fmt: skip


def test_status_before_there_is_a_pki(blank: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", blank.database_url)
    steps = {
        b"{}": "ROOT_MODE=managed",
        b'{"root_mode":"managed","root_at_hand":true}': "wait for the worker",
        b'{"root_mode":"managed"}': "ROOT_KEY_URI",
        b'{"root_mode":"offline"}': "skreg pki request",
    }
    for held, wanted in steps.items():
        save(blank, pki.WORKER, held)
        assert wanted in status(None)[-1]
    save(blank, pki.REQUEST, b"{}")
    assert "skreg pki sign" in status(None)[-1]
    save(blank, pki.GRANT, b"{}")
    assert "start the worker" in status(None)[-1]


def save(registry: Registry, name: str, value: bytes) -> None:
    registry.sql(
        "INSERT INTO pki_state (name, value) VALUES (%s, %s) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value,
    )


def test_successors_of_local_keys_are_found(registry: Registry) -> None:
    from skreg.pki.local import former_key_uris, local_key_uris

    keys = registry.folder / "keys"
    create_successor(keys, "log")
    assert create_successor(keys, "log").endswith("log-3.pem")
    assert local_key_uris(keys)["log"].endswith("log-3.pem")
    assert [uri.rpartition("/")[2] for uri in former_key_uris(keys)] == ["log.pem", "log-2.pem"]
