"""Index documents, the timestamp, and the order in which they appear."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from index_reader import timestamp
from publish_support import DIGEST, NOW, REGISTRY, MemoryStore, SoftSigner, new_leaf

from skillpkg.types import SignerKind
from skreg.errors import IndexInvalid, KeyMismatch
from skreg.publish.index.documents import IndexVersion, PackageFacts, SignedDocument, sign_document
from skreg.publish.index.timestamp import (
    RENEWED_AFTER,
    TimestampFacts,
    committed_tree,
    is_due,
    publish_timestamp,
    read_timestamp,
)
from skreg.publish.index.tree import TreeState
from skreg.publish.index.writer import write_document, write_newest
from skreg.publish.sign.leaf import SigningLeaf
from skreg.signing import VerifiedSigner

LEAF = new_leaf()
VERSION = IndexVersion("1.0.0", DIGEST, "cd" * 32, 1234, "ef" * 32, SignerKind("registry"), NOW, 7)
FACTS = PackageFacts(
    REGISTRY, "acme", "demo", 3, "registry", (VERSION,), dist_tags={"latest": "1.0.0"}
)
STAMP = TimestampFacts(REGISTRY, TreeState(1, b"\x11" * 32), 8, {REGISTRY: 2})


def opened(data: bytes) -> dict[str, Any]:
    """Verify an envelope by DSSE's own text and return its payload."""
    envelope = json.loads(data)
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    (signature,) = envelope["signatures"]
    leaf = x509.load_der_x509_certificate(base64.b64decode(signature["chain"][0]))
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(base64.b64decode(signature["sig"]), signed, ec.ECDSA(hashes.SHA256()))
    return json.loads(payload)


def test_a_document_says_every_version_in_order() -> None:
    older = replace(VERSION, version="1.0.0-rc.1", state="yanked", dependencies={"acme/x": "^1"})
    document = sign_document(replace(FACTS, versions=(VERSION, older)), LEAF, NOW)
    payload = opened(document.data)
    assert [v["version"] for v in payload["versions"]] == ["1.0.0-rc.1", "1.0.0"]
    assert payload["versions"][0] == {
        "version": "1.0.0-rc.1",
        "sha256": DIGEST,
        "content_digest": "cd" * 32,
        "size": 1234,
        "release": "ef" * 32,
        "signer": {"kind": "registry"},
        "dependencies": {"acme/x": "^1"},
        "state": "yanked",
        "deprecated": None,
        "published_at": "2026-11-21T04:00:00Z",
        "log_index": 7,
    }
    del payload["versions"]
    assert payload == {
        "schema": "skreg.index/1",
        "registry": REGISTRY,
        "namespace": "acme",
        "name": "demo",
        "sequence": 3,
        "signed_at": "2026-11-21T04:00:00Z",
        "signer_class": "registry",
        "dist_tags": {"latest": "1.0.0"},
        "advisories": [],
    }
    assert json.loads(document.data)["payloadType"] == "application/vnd.skreg.index.v1+json"


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("folder of the index", {"namespace": "bins"}),
        ("characters", {"namespace": "Acme"}),
        ("characters", {"name": "../x"}),
        ("counted from 1", {"sequence": 0}),
        ("twice", {"versions": (VERSION, VERSION)}),
        ("not listed", {"dist_tags": {"latest": "2.0.0"}}),
        ("not a version", {"versions": (replace(VERSION, version="1"),), "dist_tags": {}}),
        ("SHA-256", {"versions": (replace(VERSION, release=""),)}),
    ],
)
def test_a_document_that_no_client_would_accept_is_not_signed(
    why: str, change: dict[str, Any]
) -> None:
    with pytest.raises(IndexInvalid, match=why):
        sign_document(replace(FACTS, **change), LEAF, NOW)


async def test_a_document_stands_under_its_hash_and_under_its_name() -> None:
    blobs = MemoryStore()
    document = sign_document(FACTS, LEAF, NOW)
    await write_document(blobs, document)
    await write_document(blobs, document)
    digest = hashlib.sha256(document.data).hexdigest()
    assert blobs.written == [f"index/acme/demo/{digest}.json"]
    await write_newest(blobs, document)
    assert blobs.objects["index/acme/demo.json"] == document.data
    assert SignedDocument.of("acme/demo", 3, document.data) == document


async def test_the_timestamp_commits_and_expires() -> None:
    blobs = MemoryStore()
    signed = await publish_timestamp(blobs, STAMP, LEAF, NOW)
    assert opened(signed) == {
        "schema": "skreg.timestamp/1",
        "registry": REGISTRY,
        "issued_at": "2026-11-21T04:00:00Z",
        "expires_at": "2026-11-24T04:00:00Z",
        "prefix_length": 1,
        "root": "11" * 32,
        "checkpoint_size": 8,
        "crl_numbers": {REGISTRY: 2},
    }
    assert blobs.objects["index/timestamp"] == signed
    assert timestamp(blobs.objects)["root"] == "11" * 32
    assert committed_tree(signed) == STAMP.tree


async def test_the_timestamp_is_renewed_after_six_hours_or_on_change() -> None:
    blobs = MemoryStore()
    assert await read_timestamp(blobs) is None
    first = await publish_timestamp(blobs, STAMP, LEAF, NOW)
    just_before = NOW + RENEWED_AFTER - timedelta(seconds=1)
    assert await publish_timestamp(blobs, STAMP, LEAF, just_before) == first
    assert await publish_timestamp(blobs, STAMP, LEAF, NOW + RENEWED_AFTER) != first


@pytest.mark.parametrize(
    "facts",
    [
        replace(STAMP, tree=TreeState(1, b"\x22" * 32)),
        replace(STAMP, tree=TreeState(2, b"\x11" * 32)),
        replace(STAMP, checkpoint_size=9),
        replace(STAMP, crl_numbers={REGISTRY: 3}),
    ],
)
def test_a_change_is_due_at_once(facts: TimestampFacts) -> None:
    present = LEAF.sign_document("application/vnd.skreg.timestamp.v1+json", STAMP.payload(NOW))
    assert not is_due(present, STAMP, LEAF, NOW)
    assert is_due(present, facts, LEAF, NOW)
    assert is_due(present, STAMP, new_leaf(), NOW)
    assert is_due(present, STAMP, LEAF, NOW - timedelta(seconds=1))
    assert is_due(b"{}", STAMP, LEAF, NOW)
    assert is_due(None, STAMP, LEAF, NOW)


def test_a_leaf_for_another_key_signs_nothing() -> None:
    with pytest.raises(KeyMismatch, match="another key"):
        SigningLeaf(VerifiedSigner(SoftSigner()), LEAF.chain)
