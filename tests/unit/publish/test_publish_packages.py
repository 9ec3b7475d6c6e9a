"""What stands under /packages: signature, release record, and writing it twice."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from publish_support import DIGEST, MemoryStore, database, entry, new_leaf, new_log_keys

from skreg.errors import PublishedBytesDiffer, ReleaseInvalid
from skreg.publish.log.published import inclusion_proof
from skreg.publish.log.sequencer import integrate
from skreg.publish.sign.archive import sign_archive
from skreg.publish.sign.release import Proven, Release
from skreg.publish.sign.writer import (
    ArchivePlace,
    withdraw_archive,
    write_archive,
    write_release,
    write_signature,
)

LEAF = new_leaf()
PLACE = ArchivePlace("acme", "demo", "1.0.0+b", DIGEST)


async def release() -> Release:
    blobs = MemoryStore()
    note = await integrate(blobs, new_log_keys(), database(), 300)
    published, submitted = [
        Proven(entry(index), index, await inclusion_proof(blobs, index, 300))
        for index in (270, 260)
    ]
    return Release(sign_archive(b"bytes", LEAF), LEAF.chain, published, note, submitted)


def test_the_signature_is_what_openssl_checks() -> None:
    signature = sign_archive(b"archive bytes", LEAF)
    key = x509.load_der_x509_certificate(LEAF.chain[0]).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, b"archive bytes", ec.ECDSA(hashes.SHA256()))


async def test_a_release_carries_entry_and_checkpoint_verbatim() -> None:
    publishers = await release()
    made = replace(publishers, submitted=None)
    record = json.loads(made.to_bytes())
    assert record == {
        "schema": "skreg.release/1",
        "signature": base64.b64encode(made.signature).decode(),
        "chain": [base64.b64encode(LEAF.chain[0]).decode()],
        "entry": entry(270).decode(),
        "index": 270,
        "proof": [base64.b64encode(one).decode() for one in made.published.proof],
        "checkpoint": made.checkpoint.decode(),
    }
    first = json.loads(publishers.to_bytes()).pop("submitted")
    assert (first["entry"], first["index"]) == (entry(260).decode(), 260)


async def test_a_release_that_no_client_would_install_is_not_built() -> None:
    made = await release()
    cut = {"proof": made.published.proof[:-1]}
    for change in ({"index": 271}, {"entry": entry(271)}, cut):
        wrong = replace(made.published, **change)  # type: ignore[arg-type]
        for part in ("published", "submitted"):
            with pytest.raises(ReleaseInvalid, match="not proved"):
                replace(made, **{part: wrong}).to_bytes()  # type: ignore[arg-type]
    with pytest.raises(ReleaseInvalid, match="cannot be read"):
        replace(made, checkpoint=b"no note").to_bytes()


async def test_published_bytes_never_change() -> None:
    blobs = MemoryStore()
    await write_archive(blobs, PLACE, b"archive")
    await write_archive(blobs, PLACE, b"archive")
    with pytest.raises(PublishedBytesDiffer):
        await write_archive(blobs, PLACE, b"other")
    assert blobs.objects == {f"packages/acme/demo/1.0.0+b/{DIGEST}.skill": b"archive"}


async def test_signature_and_release_of_an_earlier_run_stand() -> None:
    blobs = MemoryStore()
    for write in (write_signature, write_release):
        assert await write(blobs, PLACE, b"first") == b"first"
        assert await write(blobs, PLACE, b"second") == b"first"
    assert set(blobs.objects.values()) == {b"first"}


async def test_a_takedown_removes_the_archive_alone() -> None:
    blobs = MemoryStore()
    await write_archive(blobs, PLACE, b"archive")
    await write_signature(blobs, PLACE, b"sig")
    await withdraw_archive(blobs, PLACE)
    await withdraw_archive(blobs, PLACE)
    assert list(blobs.objects) == [f"packages/acme/demo/1.0.0+b/{DIGEST}.sig"]
