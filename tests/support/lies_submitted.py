"""Lies about when a publisher's signature was submitted, and class swaps of one version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography import x509

from skillpkg import canonical_json
from skillpkg.crypto import names, tiles
from skillpkg.crypto.encoding import b64
from skillpkg.errors import Check
from support.certificates import DAY, NOW, Holder, issue, leaf_shape
from support.lies import ATTACKS, attack, fresh, hook, republish
from support.lies_log import revoke
from support.static_registry import Document, StaticRegistry

SUBMITTED_LIES: dict[str, Any] = {
    "registry": "0123456789abcdef",
    "namespace": "other",
    "name": "other",
    "version": "2.0.0",
    "sha256": "0" * 64,
    "content_digest": "0" * 64,
    "size": 1,
    "signer": {"kind": "publisher", "cert_serial": "ab"},
    "leaf": "0" * 64,
    "signature": "0" * 64,
    "seq": 3,
    "prev": 5,
    "type": "publish",
    "schema": "skreg.entry/2",
    "time": "2026-11-19",
}
for field, wrong in SUBMITTED_LIES.items():
    ATTACKS[f"submitted entry lies about {field}"] = (
        Check.SUBMITTED_ENTRY,
        lambda registry, field=field, wrong=wrong: fresh(
            registry, "submitted", lambda d: d.update({field: wrong}), publisher=True
        ),
    )


def record(registry: StaticRegistry, change: Callable[[Document], object]) -> None:
    """Change what stands under ``submitted`` in a release; the index commits to the result."""
    fresh(registry, "release", lambda d: change(d["submitted"]) and None, publisher=True)


@attack(Check.SUBMITTED_ENTRY)
def submitted_missing(registry: StaticRegistry) -> None:
    """Without it the time of publication would count; a publisher's release has it always."""
    fresh(registry, "release", lambda d: d.pop("submitted") and None, publisher=True)


@attack(Check.SUBMITTED_ENTRY)
def submitted_of_a_registrys_release(registry: StaticRegistry) -> None:
    republish(registry, publisher=True)
    good = registry.packages["acme/deploy"].versions["1.0.0"].release
    first = canonical_json.loads(good)["submitted"]
    fresh(registry, "release", lambda d: d.update(submitted=first))


@attack(Check.SUBMITTED_ENTRY)
def submitted_after_publication(registry: StaticRegistry) -> None:
    republish(registry, publisher=True, submitted=NOW - DAY)


@attack(Check.SUBMITTED_ENTRY)
def submitted_after_publication_by_its_index(registry: StaticRegistry) -> None:
    record(registry, lambda d: d.update(index=1))


@attack(Check.SUBMITTED_ENTRY)
def submitted_of_another_signature(registry: StaticRegistry) -> None:
    """A signature made after the leaf expired does not get an older one's time."""
    republish(registry, publisher=True)
    archive = registry.packages["acme/deploy"].versions["1.0.0"].archive
    again = b64(registry.pki.publisher.sign(archive))
    fresh(registry, "release", lambda d: d.update(signature=again), publisher=True)


@attack(Check.SUBMITTED_PROOF)
def submitted_entry_predated(registry: StaticRegistry) -> None:
    """The log has another time under that index."""

    def predate(found: Document) -> None:
        entry = canonical_json.loads(found["entry"].encode()) | {"time": "2026-11-01T00:00:00Z"}
        found["entry"] = canonical_json.dumps(entry).decode()

    record(registry, predate)


@attack(Check.SUBMITTED_PROOF)
def submitted_elsewhere(registry: StaticRegistry) -> None:
    """The entry is good, its place in the log is another's."""
    registry.packages.clear()
    registry.log.entries.clear()
    registry.files.clear()
    registry.publish("acme", "other")
    registry.hooks["release"] = _moved
    registry.publish("acme", "deploy", "1.0.0", publisher=True).build()


def _moved(document: Document) -> Document:
    if "submitted" not in document:
        return document
    return document | {"submitted": document["submitted"] | {"index": 0}}


@attack(Check.SUBMITTED_PROOF)
def submitted_never_logged(registry: StaticRegistry) -> None:
    """Entry and publish entry are good, but the log holds something else in the first's place."""
    republish(registry, publisher=True)
    good = registry.packages["acme/deploy"].versions["1.0.0"]
    registry.log.entries[0] = b"{}"
    document = canonical_json.loads(good.release)
    size = len(registry.log.entries)
    for part, index in ((document, 1), (document["submitted"], 0)):
        proof = tiles.prove_inclusion(index, size, registry.log.read_tile)
        part["proof"] = [b64(one) for one in proof]
    document["checkpoint"] = registry.log.signed().decode()
    good.release = canonical_json.dumps(document)
    registry.build()


@attack(Check.SUBMITTED_PROOF)
def submitted_proof_too_long(registry: StaticRegistry) -> None:
    record(registry, lambda d: d["proof"].append(b64(bytes(32))))


@attack(Check.SUBMITTED_PROOF)
def submitted_proof_cut(registry: StaticRegistry) -> None:
    record(registry, lambda d: d["proof"].pop() and None)


@attack(Check.RELEASE)
def submitted_proof_unreadable(registry: StaticRegistry) -> None:
    record(registry, lambda d: d.update(proof="none"))


@attack(Check.RELEASE)
def submitted_is_no_object(registry: StaticRegistry) -> None:
    fresh(registry, "release", lambda d: d.update(submitted=[]), publisher=True)


@attack(Check.CHAIN_TIME)
def submitted_after_the_leaf(registry: StaticRegistry) -> None:
    """The leaf was good when the version was made and had expired when the log saw it."""
    registry.publisher = short_lived(registry, NOW - 3 * DAY)
    republish(registry, publisher=True, submitted=NOW - 2 * DAY)


def short_lived(registry: StaticRegistry, end: datetime) -> tuple[Holder, Holder]:
    """Return a publisher's leaf that expires at ``end``, with its CA."""
    uri = names.publisher_uri(registry.registry_id, "acme")
    leaf = issue(leaf_shape(names.PUBLISHER_SIGNED, uri, end=end), registry.pki.publisher_ca)
    return leaf, registry.pki.publisher_ca


@attack(Check.REVOKED)
def submitted_after_the_revocation(registry: StaticRegistry) -> None:
    """Published later still; what counts is when the signature came."""
    republish(registry, publisher=True, submitted=NOW - 3 * DAY)
    revoke(registry, registry.pki.publisher_ca, registry.pki.publisher, at=NOW - 4 * DAY)


@attack(Check.REVOKED)
def submitted_before_an_undated_compromise(registry: StaticRegistry) -> None:
    republish(registry, publisher=True, submitted=NOW - 3 * DAY)
    reason = x509.ReasonFlags.key_compromise
    revoke(registry, registry.pki.publisher_ca, registry.pki.publisher, at=NOW, reason=reason)


def mixed(registry: StaticRegistry) -> None:
    """1.0.0 by the publisher, 1.1.0 by the registry."""
    republish(registry, publisher=True)
    registry.publish("acme", "deploy", "1.1.0")
    registry.packages["acme/deploy"].signer_class = "mixed"
    registry.build()


@attack(Check.CHAIN_POLICY)
def mixed_package_publishers_version_as_the_registrys(registry: StaticRegistry) -> None:
    mixed(registry)
    hook(registry, "index", lambda d: d["versions"][0].update(signer={"kind": "registry"}))


@attack(Check.CHAIN_POLICY)
def registrys_version_as_a_publishers(registry: StaticRegistry) -> None:
    republish(registry)
    serial = f"{registry.pki.publisher.certificate.serial_number:x}"
    lie = {"kind": "publisher", "cert_serial": serial}
    registry.packages["acme/deploy"].signer_class = "mixed"
    hook(registry, "index", lambda d: d["versions"][0].update(signer=lie))
