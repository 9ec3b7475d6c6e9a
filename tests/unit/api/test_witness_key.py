"""The Ed25519 line on checkpoints: for witnesses, and no client goes by it."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from skillpkg.crypto import note
from skillpkg.crypto.checkpoint import open_checkpoint
from skillpkg.errors import VerificationRefused
from skreg.bootstrap import WorkerContainer, open_worker
from skreg.ceremonies.status import status
from skreg.errors import ConfigurationInvalid, Missing
from skreg.settings import load_api_settings, load_worker_settings
from skreg.worker import run_worker
from support.asgi import AsgiClient
from support.openssl import openssl
from support.registry import Registry
from support.skills import make_skill


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    path = folder / "witnessed"
    path.write_text(openssl("genpkey", "-algorithm", "ed25519"))
    return path


def opened(registry: Registry, secret: Path) -> WorkerContainer:
    settings = registry.worker_environment() | {"LOG_WITNESS_SECRET": secret.as_uri()}
    return open_worker(load_worker_settings(settings))


async def work(registry: Registry, secret: Path) -> None:
    container = opened(registry, secret)
    try:
        await run_worker(container, wait=False)
    finally:
        await container.close()


async def test_a_witness_takes_the_log_by_the_key_that_status_shows(
    acme: AsgiClient, registry: Registry, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", registry.database_url)
    await acme.upload("/v1/packages/acme/demo/publish", make_skill("acme", "demo"))
    await work(registry, secret)
    data = (registry.storage / "log" / "checkpoint").read_bytes()
    told = await asyncio.to_thread(status, None)
    (vkey,) = [line.split()[1] for line in told if line.startswith("witnesses ")]

    raw = b64decode(vkey.split("+", 2)[2])
    text, _, lines = data.decode().rpartition("\n\n")
    ecdsa, ed25519 = (b64decode(line.split(" ")[2]) for line in lines.splitlines())
    assert raw[:1] == b"\x01"
    assert vkey.split("+")[1] == ed25519[:4].hex() != ecdsa[:4].hex()
    Ed25519PublicKey.from_public_bytes(raw[1:]).verify(ed25519[4:], f"{text}\n".encode())
    with pytest.raises(VerificationRefused, match="No pinned ECDSA key"):
        open_checkpoint(data, [note.parse_vkey(vkey)])
    registry.verify("acme/demo@1.0.0")


async def test_without_it_there_is_one_line(registry: Registry) -> None:
    lines = (registry.storage / "log" / "checkpoint").read_text().rpartition("\n\n")[2]
    assert len(lines.splitlines()) == 1


def test_what_is_no_such_key_is_told_without_telling_it(registry: Registry, secret: Path) -> None:
    for held in ("a password", openssl("genpkey", "-algorithm", "x25519")):
        secret.write_text(held)
        with pytest.raises(ConfigurationInvalid, match="genpkey -algorithm ed25519") as caught:
            opened(registry, secret)
        assert held not in str(caught.value)
    secret.unlink()
    with pytest.raises(Missing):
        opened(registry, secret)


def test_the_api_is_refused_this_key_too(registry: Registry, secret: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match="holds no signing right"):
        load_api_settings(registry.common | {"LOG_WITNESS_SECRET": secret.as_uri()})
