"""Lies in revocation lists, log entries, proofs and checkpoints."""

from __future__ import annotations

from typing import Any

from cryptography import x509

from skillpkg import canonical_json
from skillpkg.crypto import tiles
from skillpkg.crypto.encoding import b64
from skillpkg.errors import Check
from support.certificates import DAY, NOW, Revoked, make_crl
from support.lies import ATTACKS, attack, edit_versions, find, fresh, republish
from support.static_registry import StaticRegistry


def serve_crl(registry: StaticRegistry, crl: bytes, number: int = 1) -> None:
    registry.revoke(registry.pki.registry_ca, crl, number)
    registry.build()


@attack(Check.CRL_MISSING)
def crl_missing(registry: StaticRegistry) -> None:
    """B17."""
    del registry.files[find(registry, "/crl/")]


@attack(Check.CRL_SIGNATURE)
def crl_by_another_ca(registry: StaticRegistry) -> None:
    """B15."""
    serve_crl(registry, make_crl(registry.pki.publisher_ca))


@attack(Check.CRL_SIGNATURE)
def crl_too_long(registry: StaticRegistry) -> None:
    registry.files[find(registry, "/crl/")] = bytes(8 * 1024 * 1024 + 1)


@attack(Check.CRL_EXPIRED)
def crl_expired(registry: StaticRegistry) -> None:
    """B13."""
    serve_crl(registry, make_crl(registry.pki.registry_ca, begin=NOW - 9 * DAY, end=NOW - 2 * DAY))


@attack(Check.CRL_ROLLBACK)
def crl_below_what_was_promised(registry: StaticRegistry) -> None:
    """B14."""
    serve_crl(registry, make_crl(registry.pki.registry_ca, number=4), 5)


def revoke(registry: StaticRegistry, ca: Any, holder: Any, **entry: Any) -> None:
    serial = holder.certificate.serial_number
    one = Revoked(serial, **({"at": NOW - 10 * DAY} | entry))
    registry.revoke(ca, make_crl(ca, [one], number=2), 2)
    registry.build()


@attack(Check.REVOKED)
def registry_leaf_revoked(registry: StaticRegistry) -> None:
    """A revoked leaf signs no timestamp, whatever the date."""
    revoke(registry, registry.pki.registry_ca, registry.pki.leaf, at=NOW + DAY)


@attack(Check.REVOKED)
def intermediate_revoked(registry: StaticRegistry) -> None:
    revoke(registry, registry.pki.root, registry.pki.registry_ca)


@attack(Check.REVOKED)
def publisher_revoked_before_it_signed(registry: StaticRegistry) -> None:
    """B10."""
    republish(registry, publisher=True)
    revoke(registry, registry.pki.publisher_ca, registry.pki.publisher)


@attack(Check.REVOKED)
def publisher_key_compromised_undated(registry: StaticRegistry) -> None:
    """B12: signed before the revocation, and refused all the same."""
    republish(registry, publisher=True)
    reason = x509.ReasonFlags.key_compromise
    revoke(
        registry,
        registry.pki.publisher_ca,
        registry.pki.publisher,
        at=NOW - DAY,
        reason=reason,
    )


ENTRY_LIES: dict[str, Any] = {
    "registry": "0123456789abcdef",
    "namespace": "other",
    "name": "other",
    "version": "2.0.0",
    "sha256": "0" * 64,
    "content_digest": "0" * 64,
    "size": 1,
    "signer": {"kind": "publisher", "cert_serial": "ab"},
    "leaf": "0" * 64,
    "seq": 2,
    "prev": 5,
    "type": "yank",
    "schema": "skreg.entry/2",
    "time": "2026-11-19",
}
for field, wrong in ENTRY_LIES.items():
    ATTACKS[f"entry lies about {field}"] = (
        Check.LOG_ENTRY,
        lambda registry, field=field, wrong=wrong: fresh(
            registry, "entry", lambda d: d.update({field: wrong})
        ),
    )


@attack(Check.LOG_ENTRY)
def entry_signer_unreadable(registry: StaticRegistry) -> None:
    fresh(registry, "entry", lambda d: d.update(signer={"kind": "publisher"}))


@attack(Check.LOG_ENTRY)
def entry_elsewhere(registry: StaticRegistry) -> None:
    edit_versions(registry, log_index=1)


@attack(Check.LOG_ENTRY)
def entry_of_another_serial(registry: StaticRegistry) -> None:
    """Index and entry agree on a serial that is not the leaf's."""
    lie = {"kind": "publisher", "cert_serial": "ab"}
    fresh(registry, "entry", lambda d: d.update(signer=lie), publisher=True)
    edit_versions(registry, signer=lie)


@attack(Check.LOG_ENTRY)
def entry_of_the_other_kind(registry: StaticRegistry) -> None:
    """Index and entry say publisher; the leaf is the registry's."""
    lie = {"kind": "publisher", "cert_serial": f"{registry.pki.leaf.certificate.serial_number:x}"}
    fresh(registry, "entry", lambda d: d.update(signer=lie))
    edit_versions(registry, signer=lie)


@attack(Check.LOG_PROOF)
def proof_of_another_entry(registry: StaticRegistry) -> None:
    """A15: the entry is good, and it is not in the log at that place."""
    republish(registry)
    good = registry.packages["acme/deploy"].versions["1.0.0"]
    registry.log.entries[0] = b"{}"
    registry.publish("acme", "other").build()
    document = canonical_json.loads(good.release)
    proof = tiles.prove_inclusion(0, 2, registry.log.read_tile)
    document |= {"proof": [b64(one) for one in proof]}
    document |= {"checkpoint": registry.log.signed().decode()}
    good.release = canonical_json.dumps(document)
    registry.build()


@attack(Check.LOG_PROOF)
def proof_too_long(registry: StaticRegistry) -> None:
    """A14."""
    fresh(registry, "release", lambda d: d.update(proof=[*d["proof"], b64(bytes(32))]))


@attack(Check.LOG_PROOF)
def proof_from_a_node(registry: StaticRegistry) -> None:
    fresh(registry, "release", lambda d: d.update(proof=[b64(bytes(31))]))


@attack(Check.LOG_CHECKPOINT)
def checkpoint_by_another_key(registry: StaticRegistry) -> None:
    def forge(document: Any) -> None:
        document["checkpoint"] = document["checkpoint"].replace("\n1\n", "\n2\n")

    fresh(registry, "release", forge)


@attack(Check.LOG_CHECKPOINT)
def checkpoint_ed25519_alone(registry: StaticRegistry) -> None:
    """A18."""
    alone = registry.log.signed(ecdsa=False)
    registry.files["/log/checkpoint"] = alone


@attack(Check.LOG_CHECKPOINT)
def checkpoint_gone(registry: StaticRegistry) -> None:
    del registry.files["/log/checkpoint"]


@attack(Check.LOG_CHECKPOINT)
def checkpoint_endless(registry: StaticRegistry) -> None:
    """A8, A20."""
    registry.files["/log/checkpoint"] = b"x" * 1_000_001


@attack(Check.LOG_ROLLBACK)
def checkpoint_below_the_timestamps(registry: StaticRegistry) -> None:
    registry.files["/log/checkpoint"] = registry.log.signed(registry.log.checkpoint(1))
