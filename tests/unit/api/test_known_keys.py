"""A reference that stands for another key than before is refused, by every process that signs."""

from __future__ import annotations

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from skreg.api.services import readiness
from skreg.bootstrap import WorkerContainer
from skreg.errors import KeyMismatch
from skreg.signing import VerifiedSigner
from skreg.worker import run_worker
from support.registry import Registry


class Labelled:
    """A token's key that is found by its label alone."""

    key_ref = "pkcs11:token=skreg;object=signing"
    algorithm = "ecdsa-p256-sha256"
    in_hsm = True

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._key.public_key()

    def sign_digest(self, digest: bytes) -> bytes:
        return self._key.sign(digest, ec.ECDSA(Prehashed(SHA256())))


def worker(registry: Registry, key: Labelled) -> WorkerContainer:
    container = registry.worker()
    keys = dataclasses.replace(container.keys, signing=VerifiedSigner(key))
    return dataclasses.replace(container, keys=keys)


async def work(registry: Registry, key: Labelled) -> None:
    container = worker(registry, key)
    try:
        await run_worker(container, wait=False)
    finally:
        await container.close()


async def test_a_label_with_another_key_behind_it_is_refused(registry: Registry) -> None:
    key = Labelled()
    for _ in range(2):
        await work(registry, key)
    leaf = registry.sql("SELECT value FROM pki_state WHERE name = 'state'")
    with pytest.raises(KeyMismatch, match=r"was sha256:.* and is sha256:") as caught:
        await work(registry, Labelled())
    assert Labelled.key_ref in caught.value.why
    assert registry.sql("SELECT value FROM pki_state WHERE name = 'state'") == leaf
    api = registry.api()
    assert (await readiness.check(api)).degraded == ["renewal"]
    await work(registry, key)
    assert (await readiness.check(api)).degraded == []
    await api.close()
