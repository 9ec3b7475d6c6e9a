"""Trust bundles are followed one by one; a root is re-pinned when both have signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillpkg import canonical_json
from skillpkg.client import config, registries
from skillpkg.client.connect import connect, stored_bundle, with_registry
from skillpkg.client.succession import MOST_STEPS, Trusted, follow
from skillpkg.crypto import dsse, names, trust
from skillpkg.crypto.encoding import b64
from skillpkg.errors import Check, NotFound, VerificationRefused
from support.certificates import Holder, make_pki
from support.client_world import World
from support.memory import MemoryPlane
from support.static_registry import StaticRegistry

REGISTRY = StaticRegistry()
FIRST, SECOND, THIRD = REGISTRY.pki.root, make_pki().root, make_pki().root
LATEST = "/trust/latest.json"


def pin(root: Holder) -> str:
    return names.fingerprint(root.spki)


def bundle(version: int, roots: tuple[Holder, ...], signers: tuple[Holder, ...]) -> bytes:
    document = canonical_json.loads(trust.to_payload(REGISTRY.trust_bundle()))
    document["version"] = version
    document["roots"] = [{"fingerprint": pin(root), "certificate": b64(root.der)} for root in roots]
    payload = canonical_json.dumps(document)
    signed = tuple(
        dsse.EnvelopeSignature(one.sign(dsse.pae(dsse.TRUST_TYPE, payload)), (one.der,))
        for one in signers
    )
    return dsse.to_bytes(dsse.Envelope(dsse.TRUST_TYPE, payload, signed))


B1 = bundle(1, (FIRST,), (FIRST,))
B2 = bundle(2, (FIRST, SECOND), (FIRST, SECOND))
B3 = bundle(3, (FIRST, SECOND), (SECOND,))
B4 = bundle(4, (FIRST, SECOND, THIRD), (SECOND, THIRD))
STORED = trust.open_bundle(B1, pin(FIRST))


def plane(*bundles: bytes) -> MemoryPlane:
    files = {f"/trust/{number}.json": data for number, data in enumerate(bundles, 1)}
    return MemoryPlane(files | {LATEST: bundles[-1]})


def followed(*bundles: bytes, root: Holder = FIRST) -> Trusted | None:
    stored = STORED if root is FIRST else None
    return follow(plane(*bundles), pin(root), stored)


def refused(found: MemoryPlane, remembered: int = 0) -> Check:
    with pytest.raises(VerificationRefused) as caught:
        follow(found, pin(FIRST), STORED, remembered_version=remembered)
    return caught.value.check


def test_nothing_newer_is_nothing_to_do() -> None:
    assert followed(B1) is None


def test_a_new_root_is_pinned_when_both_have_signed() -> None:
    found = followed(B1, B2)
    assert found is not None
    assert (found.bundle.version, found.pin, found.former) == (2, pin(SECOND), (pin(FIRST),))
    assert found.data == B2


def test_every_version_is_walked_through() -> None:
    found = followed(B1, B2, B3, B4)
    assert found is not None
    assert (found.bundle.version, found.pin) == (4, pin(THIRD))
    assert found.former == (pin(FIRST), pin(SECOND))
    again = follow(plane(B1, B2, B3, B4), pin(SECOND), trust.open_bundle(B3, pin(SECOND)))
    assert again is not None
    assert again.former == (pin(SECOND),)


def test_a_root_pinned_by_hand_may_have_been_replaced_since() -> None:
    for root, former in ((FIRST, (pin(FIRST), pin(SECOND))), (SECOND, (pin(SECOND),))):
        found = follow(plane(B1, B2, B3, B4), pin(root), None)
        assert found is not None
        assert (found.pin, found.former) == (pin(THIRD), former)
    newest = follow(plane(B1, B2, B3, B4), pin(THIRD), None)
    assert newest is not None
    assert newest.former == ()


def test_a_missing_step_is_refused() -> None:
    gap = plane(B1, B2, B3, B4)
    del gap.files["/trust/3.json"]
    assert refused(gap) is Check.TRUST_ROLLBACK
    swapped = plane(B1, B2, B3, B4)
    swapped.files["/trust/2.json"] = B1
    assert refused(swapped) is Check.TRUST_ROLLBACK


def test_a_step_that_the_old_root_did_not_sign_is_refused() -> None:
    alone = bundle(2, (FIRST, SECOND), (SECOND,))
    assert refused(plane(B1, alone)) is Check.ROOT_PIN
    assert refused(plane(B1, alone, B3)) is Check.ROOT_PIN


def test_a_step_that_the_new_root_did_not_sign_is_refused() -> None:
    assert refused(plane(B1, bundle(2, (FIRST, SECOND), (FIRST,)))) is Check.ROOT_PIN


def test_a_step_that_drops_the_old_root_is_refused() -> None:
    assert refused(plane(B1, bundle(2, (SECOND,), (FIRST, SECOND)))) is Check.ROOT_PIN


def test_nothing_goes_back() -> None:
    older = plane(B1)
    with pytest.raises(VerificationRefused) as caught:
        follow(older, pin(FIRST), STORED, remembered_version=2)
    assert caught.value.check is Check.TRUST_ROLLBACK
    with pytest.raises(VerificationRefused) as caught:
        follow(plane(B1, B2, B3), pin(FIRST), None, remembered_version=9)
    assert caught.value.check is Check.TRUST_ROLLBACK
    stale = trust.open_bundle(B4, pin(THIRD))
    with pytest.raises(VerificationRefused) as caught:
        follow(plane(B1, B2, B3), pin(THIRD), stale)
    assert caught.value.check is Check.ROOT_PIN


def test_an_unheard_of_root_stays_refused() -> None:
    with pytest.raises(VerificationRefused) as caught:
        follow(plane(B1, B2, B3), pin(THIRD), None)
    assert caught.value.check is Check.ROOT_PIN
    assert refused(plane(B1, b"{}")) is Check.TRUST_BUNDLE
    far = bundle(MOST_STEPS + 2, (FIRST,), (FIRST,))
    assert refused(MemoryPlane({LATEST: far})) is Check.TRUST_BUNDLE
    with pytest.raises(NotFound):
        follow(MemoryPlane({}), pin(FIRST), STORED)


def test_a_bundle_of_another_registry_does_not_follow() -> None:
    document = canonical_json.loads(dsse.parse(B2).payload)
    other = StaticRegistry(pki=make_pki()).trust_bundle()
    foreign = canonical_json.loads(trust.to_payload(other))
    document |= {"registry_id": foreign["registry_id"], "logs": foreign["logs"]}
    payload = canonical_json.dumps(document)
    signed = tuple(
        dsse.EnvelopeSignature(one.sign(dsse.pae(dsse.TRUST_TYPE, payload)), (one.der,))
        for one in (FIRST, SECOND)
    )
    data = dsse.to_bytes(dsse.Envelope(dsse.TRUST_TYPE, payload, signed))
    assert refused(plane(B1, data)) is Check.TRUST_BUNDLE


def replace_root(world: World, new: Holder) -> None:
    """Let the world's registry publish the bundle that makes ``new`` its root."""
    old = world.registry.pki.root
    version = bundle_by(world, 2, (old, new), (old, new))
    world.server.files["/trust/2.json"] = world.server.files[LATEST] = version


def bundle_by(
    world: World, version: int, roots: tuple[Holder, ...], signers: tuple[Holder, ...]
) -> bytes:
    document = canonical_json.loads(trust.to_payload(world.registry.trust_bundle()))
    document["version"] = version
    document["roots"] = [{"fingerprint": pin(r), "certificate": b64(r.der)} for r in roots]
    payload = canonical_json.dumps(document)
    signed = tuple(
        dsse.EnvelopeSignature(one.sign(dsse.pae(dsse.TRUST_TYPE, payload)), (one.der,))
        for one in signers
    )
    return dsse.to_bytes(dsse.Envelope(dsse.TRUST_TYPE, payload, signed))


WARNED: list[str] = []


def test_the_configuration_is_pinned_anew(world: World) -> None:
    world.add_server()
    replace_root(world, SECOND)
    found = connect(registries.choose(None), WARNED.append, refresh=True)
    assert found.bundle.version == 2
    assert "root was replaced" in WARNED[-1]
    entry = config.load().registries["acme"]
    assert (entry.root_fingerprint, entry.former_roots) == (pin(SECOND), (world.fingerprint,))
    kept = stored_bundle(entry)
    assert kept is not None
    assert kept.version == 2
    assert connect(registries.choose(None), WARNED.append).bundle.version == 2


def test_an_administrators_pin_of_the_old_root_still_holds(world: World) -> None:
    world.add_server()
    folder = Path(world.root / "trust.d")
    folder.mkdir()
    (folder / "acme.toml").write_text(
        f'name = "acme"\nurl = "https://registry.test"\nroot_fingerprint = "{world.fingerprint}"\n'
    )
    replace_root(world, SECOND)
    connect(registries.choose(None), WARNED.append, refresh=True)
    assert registries.choose("acme").root_fingerprint == pin(SECOND)


def test_a_kill_between_pin_and_bundle_heals(world: World) -> None:
    world.add_server()
    path = registries.bundle_path(world.registry.registry_id)
    before = path.read_bytes()
    replace_root(world, SECOND)
    connect(registries.choose(None), WARNED.append, refresh=True)
    path.write_bytes(before)
    assert connect(registries.choose(None), WARNED.append).bundle.version == 2


def test_work_is_done_again_under_a_newer_bundle(world: World) -> None:
    world.add_server()
    seen: list[int] = []

    def work(found: object) -> str:
        seen.append(found.bundle.version)  # type: ignore[attr-defined]
        if seen[-1] == 1:
            raise VerificationRefused(Check.TIMESTAMP_CHAIN, "Signed under another root.")
        return "done"

    with pytest.raises(VerificationRefused, match="another root"):
        with_registry(registries.choose(None), WARNED.append, work)
    replace_root(world, SECOND)
    assert with_registry(registries.choose(None), WARNED.append, work) == "done"
    assert seen == [1, 1, 2]


def test_other_refusals_are_final(world: World) -> None:
    world.add_server()
    replace_root(world, SECOND)

    def work(found: object) -> str:
        raise VerificationRefused(Check.SIGNATURE, "Bad.")

    asked = len(world.server.asked)
    with pytest.raises(VerificationRefused, match="Bad"):
        with_registry(registries.choose(None), WARNED.append, work)
    assert len(world.server.asked) == asked
    world.server.is_down = True

    def refuse(found: object) -> str:
        raise VerificationRefused(Check.LOG_CHECKPOINT, "Old.")

    with pytest.raises(VerificationRefused, match="Old"):
        with_registry(registries.choose(None), WARNED.append, refuse)
