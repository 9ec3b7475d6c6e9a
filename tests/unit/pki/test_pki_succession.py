"""Second generations: CAs, log key and root replaced; what was signed before goes on verifying."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from skillpkg.crypto import chain, crl, names, note, trust
from skreg.adapters.signers.file import create_key_file, open_key
from skreg.errors import ConfigurationInvalid, KeyMismatch, Unprocessable
from skreg.pki import ceremony_json, state_json
from skreg.pki.bundle import LOG_OVERLAP, BundleFacts
from skreg.pki.ceremony import grant, install, request
from skreg.pki.keys import PkiKeys
from skreg.pki.objects import static_objects
from skreg.pki.renew import due, renew, warnings
from skreg.pki.revoke import revocation_of, revoke
from skreg.pki.state import PkiState, certificate_spki
from skreg.pki.transcript import proposal, transcript, witnessed
from skreg.publish.pipeline_keys import log_keys, signing_leaf
from skreg.signing import VerifiedSigner
from support.made_pki import NOW, Made
from support.openssl import accepts, openssl, write_pem


def new_key(folder: Path, name: str) -> VerifiedSigner:
    create_key_file(folder / f"{name}.pem")
    return VerifiedSigner(open_key((folder / f"{name}.pem").as_uri()))


def without_root(keys: PkiKeys) -> PkiKeys:
    return replace(keys, root=None)


def root_of(made: Made) -> VerifiedSigner:
    return made.keys.required("root")


def bundle_of(state: PkiState) -> trust.TrustBundle:
    return trust.open_bundle(state.bundle, state.root_fingerprint)


def rotated_ca(made: Made, folder: Path, role: str = "registry_ca") -> tuple[PkiKeys, PkiState]:
    old = getattr(made.keys, role)
    keys = replace(made.keys, **{role: new_key(folder, role), "former": (old,)})
    granted = grant(request(keys, None, made.state), root_of(made), NOW)
    return keys, install(granted, without_root(keys), NOW, made.state).state


def rotated_root(made: Made, folder: Path) -> tuple[PkiKeys, PkiState]:
    new = new_key(folder, "root-2")
    asked = request(without_root(made.keys), None, made.state, replaces_root=True)
    granted = grant(asked, root_of(made), NOW, new)
    granted = ceremony_json.grant_from_bytes(ceremony_json.grant_to_bytes(granted))
    state = install(granted, without_root(made.keys), NOW, made.state).state
    return replace(made.keys, root=new), state


def verified(state: PkiState, certificates: tuple[bytes, ...]) -> chain.VerifiedChain:
    bundle = bundle_of(state)
    return chain.verify_chain(
        certificates, bundle.root_certificates, NOW, registry_id=bundle.registry_id
    )


@pytest.mark.parametrize("role", ["registry_ca", "publisher_ca"])
def test_a_ca_gets_a_second_generation(made: Made, tmp_path: Path, role: str) -> None:
    keys, state = rotated_ca(made, tmp_path, role)
    assert [item.ca_id for item in state.former] == [getattr(made.state, role).ca_id]
    assert getattr(state, role).ca_id == names.ca_id(getattr(keys, role).spki())
    assert state.bundle == made.state.bundle
    assert (state.leaf == made.state.leaf) is (role == "publisher_ca")
    for certificates in (made.state.signing_chain, state.signing_chain):
        assert verified(state, certificates).signer_class == "registry"


def test_the_old_crl_goes_on_with_the_old_key(made: Made, tmp_path: Path) -> None:
    keys, state = rotated_ca(made, tmp_path)
    later = made.later(hours=13)
    old = made.state.registry_ca
    assert old.ca_id in due(state, keys, later).crls
    again = renew(state, keys, later).state
    assert again.crl_numbers[old.ca_id] == 2
    crl.check_crl(again.authority(old.ca_id).crl, old.certificate, later, 2)
    assert f"crl/{old.ca_id}.crl" in {item.key for item in static_objects(again)}
    assert [item.ca_id for item in again.former] == [old.ca_id]
    lost = replace(keys, former=())
    assert old.ca_id not in due(state, lost, later).crls
    assert any("FORMER_KEY_URIS" in text for text in warnings(state, made.later(days=3)))


def test_a_leaf_of_the_old_generation_can_still_be_revoked(made: Made, tmp_path: Path) -> None:
    keys, state = rotated_ca(made, tmp_path)
    old = made.state.registry_ca.ca_id
    change = revoke(state, keys, old, made.state.leaf.serial_number, NOW, reason="superseded")
    assert change.state.revocation_of(made.state.leaf)
    assert change.state.revocation_of(state.leaf) is None
    assert change.entries[0]["ca"] == old


def test_every_step_is_logged(made: Made, tmp_path: Path) -> None:
    keys = replace(made.keys, registry_ca=new_key(tmp_path, "ca"))
    granted = grant(request(keys, None, made.state), root_of(made), NOW)
    change = install(granted, keys, NOW, made.state)
    assert [entry["type"] for entry in change.entries] == [
        "cert-issued",
        "cert-issued",
        "crl",
        "crl",
    ]
    assert change.entries[0]["ca"] == made.state.root.ca_id


def test_a_new_log_key_overlaps_the_old_one(made: Made, tmp_path: Path) -> None:
    new = new_key(tmp_path, "log-2")
    keys = replace(made.keys, log=new, former=(made.keys.log,))
    assert log_keys(keys, made.state, NOW).signer is made.keys.log  # not in the bundle yet
    granted = grant(request(keys, None, made.state), root_of(made), NOW)
    state = install(granted, keys, NOW, made.state).state
    bundle = bundle_of(state)
    assert (bundle.version, len(bundle.logs), state.former_bundles) == (2, 2, (made.state.bundle,))
    wanted = {note.ecdsa_key_id(key.spki()) for key in (new, made.keys.log)}
    for at in (NOW, NOW + LOG_OVERLAP / 2):
        assert {key.key_id for key in bundle.log_keys(at)} == wanted
    for at in (NOW - LOG_OVERLAP / 2, NOW + LOG_OVERLAP * 2):
        assert [key.key_id for key in bundle.log_keys(at)] == [note.ecdsa_key_id(new.spki())]
    used = log_keys(keys, state, NOW)
    assert used.signer is new
    assert len(used.verifiers()) == 3
    assert log_keys(replace(keys, log=made.keys.log), state, NOW).signer is made.keys.log
    with pytest.raises(KeyMismatch, match="FORMER_KEY_URIS"):
        log_keys(replace(keys, log=new_key(tmp_path, "log-3"), former=()), state, NOW)
    again = request(keys, None, state)
    assert (again.registry_ca, again.publisher_ca, again.log) == (None, None, None)


def test_both_roots_sign_for_the_new_one(made: Made, tmp_path: Path) -> None:
    keys, state = rotated_root(made, tmp_path)
    old, new = made.state.root_fingerprint, state.root_fingerprint
    assert old != new
    assert state.registry_id == made.state.registry_id
    for pin in (old, new):
        assert trust.open_bundle(state.bundle, pin).version == 2
    assert bundle_of(state).present_root.fingerprint == new
    assert [item.key for item in static_objects(state) if item.immutable] == [
        "trust/1.json", "trust/2.json",
    ]  # fmt: skip
    for certificates in (made.state.signing_chain, state.signing_chain):
        assert verified(state, certificates)
    assert state.signing_chain[0] == made.state.signing_chain[0]
    assert state.signing_chain[1] != made.state.signing_chain[1]
    assert state.registry_ca.crl == made.state.registry_ca.crl
    crl.check_crl(state.registry_ca.crl, state.registry_ca.certificate, NOW, 1)
    assert signing_leaf(keys, state).chain == state.signing_chain
    assert not due(state, keys, NOW)


def test_the_old_roots_last_list_holds_as_long_as_the_root(made: Made, tmp_path: Path) -> None:
    keys, state = rotated_root(made, tmp_path)
    (old,) = state.former
    found = x509.load_der_x509_crl(old.crl)
    assert found.next_update_utc == old.certificate.not_valid_after_utc
    assert old.crl_number == made.state.root.crl_number + 1
    with_old = replace(keys, former=(root_of(made),))
    assert old.ca_id not in due(state, with_old, made.later(days=3000)).crls
    assert not [text for text in warnings(state, made.later(days=30)) if "replaced" in text]


def test_openssl_builds_both_chains(made: Made, tmp_path: Path) -> None:
    _, state = rotated_root(made, tmp_path)
    leaf = write_pem(tmp_path / "leaf.pem", state.leaf)
    at = str(int(NOW.timestamp()))
    for root, ca in (
        (made.state.root.certificate, made.state.registry_ca.certificate),
        (state.root.certificate, state.registry_ca.certificate),
    ):
        assert accepts(
            "verify", "-x509_strict", "-purpose", "any", "-attime", at, "-CAfile",
            write_pem(tmp_path / "root.pem", root), "-untrusted",
            write_pem(tmp_path / "ca.pem", ca), leaf,
        )  # fmt: skip
    text = openssl("x509", "-in", str(tmp_path / "root.pem"), "-noout", "-text")
    assert "CA:TRUE, pathlen:1" in text


def test_a_second_generation_survives_its_storage(made: Made, tmp_path: Path) -> None:
    for keys, state in (rotated_ca(made, tmp_path), rotated_root(made, tmp_path)):
        again = state_json.from_bytes(state_json.to_bytes(state))
        assert again == state
        small = state_json.from_bytes(state_json.to_bytes(state, crls=False))
        assert small.former_bundles == ()
        numbered = [item.key for item in static_objects(small) if item.immutable]
        assert numbered == [f"trust/{state.bundle_version}.json"]
        assert renew(small, keys, NOW).state.registry_ca.crl


def test_two_signing_keys_work_side_by_side(made: Made, tmp_path: Path) -> None:
    new = replace(made.keys, signing=new_key(tmp_path, "signing-2"))
    state = renew(made.state, new, NOW).state
    assert not due(state, new, NOW).leaf
    assert not due(state, made.keys, NOW).leaf, "the old worker must not take its leaf back"
    chains = {signing_leaf(keys, state).chain for keys in (new, made.keys)}
    assert len(chains) == 2
    other = replace(made.keys, signing=new_key(tmp_path, "signing-3"))
    with pytest.raises(KeyMismatch):
        signing_leaf(other, state)
    late = made.later(days=95)
    fresh = renew(renew(state, new, late).state, new, late).state
    assert fresh.former_leaves[:-1] == ()


def test_an_offline_root_revokes_an_intermediate(made: Made) -> None:
    serial = made.state.publisher_ca.certificate.serial_number
    revocation = revocation_of(serial, "cACompromise", None, NOW)
    asked = request(made.keys, None, made.state, revocations=[revocation])
    asked = ceremony_json.request_from_bytes(ceremony_json.request_to_bytes(asked))
    assert any(f"{serial:x} (cACompromise)" in line for line in proposal(asked))
    granted = grant(asked, root_of(made), NOW)
    assert (granted.registry_ca, granted.bundle) == (None, b"")
    change = install(granted, without_root(made.keys), NOW, made.state)
    assert [entry["type"] for entry in change.entries] == ["cert-revoked", "crl"]
    assert change.state.root.revocation_of(serial)
    assert change.state.root.crl_number == 2
    again = request(made.keys, None, change.state)
    assert [item.serial for item in again.revocations] == [serial]


def test_new_facts_make_a_new_bundle(made: Made) -> None:
    facts = BundleFacts(("cdn.example",), "2.0.0")
    granted = grant(request(made.keys, facts, made.state), root_of(made), NOW)
    state = install(granted, made.keys, NOW, made.state).state
    assert bundle_of(state).redirect_hosts == ("cdn.example",)
    assert bundle_of(state).version == 2
    asked = request(made.keys, None, state)
    assert asked.facts == facts


def test_what_people_read_is_what_is_signed(made: Made, tmp_path: Path) -> None:
    asked = request(made.keys, None, made.state, replaces_root=True)
    new = new_key(tmp_path, "root-2")
    granted = grant(asked, root_of(made), NOW, new)
    shown = "\n".join(proposal(asked))
    assert f"trust bundle 1 of registry {made.state.registry_id}" in shown
    assert "new root      asked for" in shown
    assert names.fingerprint(made.keys.registry_ca.spki()) in shown
    lines = transcript(asked, granted)
    assert f"registry id   {made.state.registry_id}" in lines
    assert f"root key      {names.fingerprint(new.spki())}" in lines
    assert any(line.startswith("last CRL      sha256:") for line in lines)
    text = witnessed(lines, "2026-11-21T04:00:00Z")
    assert text.count("person") == 2
    first = proposal(request(made.keys, BundleFacts(("a.example",))))
    assert "follows       nothing: this is the first ceremony" in first
    assert "redirects to  a.example" in first


def test_a_grant_that_does_not_follow_is_not_installed(made: Made, tmp_path: Path) -> None:
    facts = BundleFacts(("cdn.example",))
    granted = grant(request(made.keys, facts, made.state), root_of(made), NOW)
    once = install(granted, made.keys, NOW, made.state).state
    with pytest.raises(ConfigurationInvalid, match="number 2 is published"):
        install(granted, made.keys, NOW, once)
    newer = grant(request(made.keys, None, once), root_of(made), NOW)
    with pytest.raises(ConfigurationInvalid, match="number 3 of"):
        install(replace(newer, bundle=granted.bundle), made.keys, NOW, once)
    stranger = new_key(tmp_path, "stranger")
    foreign = grant(request(made.keys), stranger, NOW)
    with pytest.raises(ConfigurationInvalid, match="by another root"):
        install(foreign, made.keys, NOW, made.state)
    with pytest.raises(ConfigurationInvalid, match="does not follow"):
        install(replace(granted, bundle=foreign.bundle), made.keys, NOW, made.state)
    with pytest.raises(ConfigurationInvalid, match="CRL cannot be read"):
        install(replace(granted, root_crl=b"{}"), made.keys, NOW, made.state)


def test_the_root_refuses_what_it_should_not_sign(made: Made, tmp_path: Path) -> None:
    asked = request(made.keys, None, made.state)
    stranger = new_key(tmp_path, "stranger")
    with pytest.raises(Unprocessable, match="not signed by this root"):
        grant(asked, stranger, NOW)
    with pytest.raises(Unprocessable, match="does not ask for a new root"):
        grant(asked, root_of(made), NOW, stranger)
    wanted = request(made.keys, None, made.state, replaces_root=True)
    with pytest.raises(Unprocessable, match="does ask for a new root"):
        grant(wanted, root_of(made), NOW)
    with pytest.raises(Unprocessable, match="the old one"):
        grant(wanted, root_of(made), NOW, root_of(made))
    with pytest.raises(Unprocessable, match="both CAs"):
        grant(replace(wanted, publisher_ca=None), root_of(made), NOW, stranger)
    with pytest.raises(Unprocessable, match="both CAs and the log"):
        grant(replace(request(made.keys), log=None), root_of(made), NOW)
    _, state = rotated_root(made, tmp_path)
    with pytest.raises(Unprocessable, match="later root"):
        grant(request(made.keys, None, state), root_of(made), NOW)


def test_the_state_finds_its_parts(made: Made, tmp_path: Path) -> None:
    keys, state = rotated_ca(made, tmp_path)
    spki = certificate_spki(made.state.registry_ca.certificate)
    assert keys.holding(spki) is keys.former[0]
    assert keys.for_authority(state.former[0]) is keys.former[0]
    assert state.chain_of(b"no key") is None
    assert len(state.every_authority) == 4
    with pytest.raises(ConfigurationInvalid, match="no such certificate authority"):
        state.authority("0" * 16)
