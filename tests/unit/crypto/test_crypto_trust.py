"""The trust bundle: signed by the pinned root, whole, never older."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillpkg import canonical_json
from skillpkg.crypto import dsse, names, trust
from skillpkg.crypto.encoding import b64
from skillpkg.errors import Check, VerificationRefused
from support.certificates import DAY, NOW, issue, make_pki, root_shape
from support.static_registry import Log, StaticRegistry

REGISTRY = StaticRegistry()
ROOT = REGISTRY.pki.root
PIN = names.fingerprint(ROOT.spki)
OTHER = make_pki()


def bundle(change: Callable[[dict[str, Any]], object] | None = None, *signers: Any) -> bytes:
    document = canonical_json.loads(trust.to_payload(REGISTRY.trust_bundle()))
    if change:
        change(document)
    payload = canonical_json.dumps(document)
    signed = tuple(
        dsse.EnvelopeSignature(one.sign(dsse.pae(dsse.TRUST_TYPE, payload)), (one.der,))
        for one in signers or (ROOT,)
    )
    return dsse.to_bytes(dsse.Envelope(dsse.TRUST_TYPE, payload, signed))


def refused(data: bytes, pin: str = PIN, **more: Any) -> Check:
    with pytest.raises(VerificationRefused) as caught:
        trust.open_bundle(data, pin, **more)
    return caught.value.check


def test_a_bundle_reads_back() -> None:
    found = trust.open_bundle(bundle(), PIN)
    assert found == REGISTRY.trust_bundle()
    assert found.root_certificates == (ROOT.der,)
    assert [key.name for key in found.log_keys(NOW)] == [REGISTRY.log.origin] * 2


def test_log_keys_count_within_their_time() -> None:
    key = trust.make_log_key(REGISTRY.log.origin, REGISTRY.log.vkey, NOW, NOW + DAY)
    assert [key.covers(NOW + n * DAY) for n in (-1, 0, 1, 2)] == [False, True, True, False]
    assert trust.make_log_key(REGISTRY.log.origin, REGISTRY.log.vkey, NOW).covers(NOW + 9999 * DAY)


def test_an_end_of_a_log_reads_back() -> None:
    def close(document: dict[str, Any]) -> None:
        document["logs"][0]["not_after"] = "2027-01-01T00:00:00Z"

    found = trust.open_bundle(bundle(close), PIN)
    assert trust.open_bundle(bundle(close), PIN).logs[0].not_after == found.logs[0].not_after
    assert b"2027-01-01T00:00:00Z" in trust.to_payload(found)


def test_only_the_pinned_root_counts() -> None:
    assert refused(bundle(None, OTHER.root)) is Check.ROOT_PIN
    assert refused(bundle(), "sha256:" + "0" * 64) is Check.ROOT_PIN
    twin = issue(root_shape(), None)
    assert refused(bundle(None, twin)) is Check.ROOT_PIN


def test_the_old_root_and_the_new_sign_a_rotation() -> None:
    def add(document: dict[str, Any]) -> None:
        document["version"] = 2
        fingerprint = names.fingerprint(OTHER.root.spki)
        root = {"fingerprint": fingerprint, "certificate": b64(OTHER.root.der)}
        document["roots"].append(root)

    data = bundle(add, OTHER.root, ROOT)
    for pin in (PIN, names.fingerprint(OTHER.root.spki)):
        assert len(trust.open_bundle(data, pin, remembered_version=2).roots) == 2
    assert refused(data, remembered_version=3) is Check.TRUST_ROLLBACK


def test_a_bundle_that_drops_the_pinned_root_is_refused() -> None:
    def swap(document: dict[str, Any]) -> None:
        fingerprint = names.fingerprint(OTHER.root.spki)
        document["roots"] = [{"fingerprint": fingerprint, "certificate": b64(OTHER.root.der)}]

    assert refused(bundle(swap)) is Check.ROOT_PIN


def test_a_bad_signature_is_refused() -> None:
    envelope = dsse.parse(bundle())
    for payload_type, payload, chain in (
        (dsse.TRUST_TYPE, envelope.payload.replace(b"0.1.0", b"0.2.0"), (ROOT.der,)),
        (dsse.INDEX_TYPE, envelope.payload, (ROOT.der,)),
        (dsse.TRUST_TYPE, envelope.payload, ()),
        (dsse.TRUST_TYPE, envelope.payload, (ROOT.der, ROOT.der)),
    ):
        one = dsse.EnvelopeSignature(envelope.signatures[0].sig, chain)
        data = dsse.to_bytes(dsse.Envelope(payload_type, payload, (one,)))
        assert refused(data) is Check.TRUST_BUNDLE
    leaf = REGISTRY.pki.leaf
    assert refused(bundle(None, leaf)) is Check.TRUST_BUNDLE


def logs(*entries: tuple[str, str]) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["logs"] = [
            {
                "origin": origin,
                "vkey": vkey,
                "not_before": "2026-01-01T00:00:00Z",
                "not_after": None,
            }
            for origin, vkey in entries
        ]

    return change


FOREIGN = Log("skreg-0123456789abcdef/1", issue(root_shape(), None))
SECOND = Log(names.log_origin(REGISTRY.registry_id, "2"), REGISTRY.log.key)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(schema="skreg.trust/2"),
        lambda d: d.update(version=0),
        lambda d: d.update(version="1"),
        lambda d: d.update(version=True),
        lambda d: d.update(registry_id="x"),
        lambda d: d.update(roots=[]),
        lambda d: d.update(roots=d["roots"] * 9),
        lambda d: d["roots"][0].update(fingerprint="sha256:" + "0" * 64),
        lambda d: d["roots"][0].update(certificate=""),
        lambda d: d.pop("minimum_client"),
        lambda d: d.update(redirect_hosts=["https://cdn.example"]),
        lambda d: d.update(redirect_hosts=["CDN.example"]),
        lambda d: d["logs"][0].update(not_before="yesterday"),
        logs(),
        logs((REGISTRY.log.origin, REGISTRY.log.ed25519_vkey)),
        logs((FOREIGN.origin, FOREIGN.vkey)),
        logs((REGISTRY.log.origin, FOREIGN.vkey)),
        logs((REGISTRY.log.origin, "nonsense")),
        logs((REGISTRY.log.origin, REGISTRY.log.vkey), (SECOND.origin, SECOND.vkey)),
    ],
)
def test_a_bundle_that_contradicts_itself_is_refused(
    change: Callable[[dict[str, Any]], object],
) -> None:
    """One key under two logs (A10) is among them."""
    assert refused(bundle(change)) is Check.TRUST_BUNDLE


def test_what_is_no_bundle_is_refused() -> None:
    assert refused(b"{}") is Check.TRUST_BUNDLE
    assert refused(bytes(trust.MAX_BUNDLE + 1)) is Check.TRUST_BUNDLE


GOOD = bundle()
"""One bundle for all examples: a signature's length is another each time it is made."""


@given(st.data())
@settings(deadline=None)
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    good = bytearray(GOOD)
    good[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    refused(bytes(good))


def test_redirect_hosts_may_name_a_port() -> None:
    def add(document: dict[str, Any]) -> None:
        document["redirect_hosts"] = ["cdn.example", "cdn.example:8443"]

    assert trust.open_bundle(bundle(add), PIN).redirect_hosts == ("cdn.example", "cdn.example:8443")


def test_times_are_kept_to_the_second() -> None:
    key = trust.make_log_key(REGISTRY.log.origin, REGISTRY.log.vkey, NOW + timedelta(seconds=1))
    assert key.not_before == NOW + timedelta(seconds=1)
