"""The ceremony on one machine and on three, what it publishes, and what it refuses."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.crypto import crl, trust
from skreg.adapters.blobs.file import open_store
from skreg.errors import ConfigurationInvalid, KeyMismatch
from skreg.pki import ceremony_json, state_json
from skreg.pki.bundle import BundleFacts
from skreg.pki.ceremony import grant, install, request
from skreg.pki.local import ensure_local_pki, local_keys
from skreg.pki.objects import publish_objects, static_objects
from skreg.pki.renew import renew
from skreg.pki.revoke import revoke
from skreg.pki.state import Authority, certificate_spki
from skreg.pki.transcript import contents, proposal, transcript, witnessed
from skreg.signing import SignatureRecord
from support.made_pki import NOW, Made
from support.openssl import openssl

FACTS = BundleFacts(("cdn.example", "a.example"), "1.2.0")


def test_a_local_pki_is_made_once(tmp_path: Path) -> None:
    keys, first = ensure_local_pki(tmp_path / "keys", lambda: NOW, facts=FACTS)
    again_keys, again = ensure_local_pki(tmp_path / "keys", lambda: NOW, first.state)
    assert again.state is first.state
    assert again_keys.root
    assert keys.root
    assert again_keys.root.key_ref == keys.root.key_ref
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == [
        "log.pem", "publisher-ca.pem", "registry-ca.pem", "root.pem", "signing.pem",
    ]  # fmt: skip


def test_a_start_killed_before_the_state_was_stored_keeps_its_identity(tmp_path: Path) -> None:
    _, first = ensure_local_pki(tmp_path / "keys", lambda: NOW)
    _, second = ensure_local_pki(tmp_path / "keys", lambda: NOW)
    assert second.state.registry_id == first.state.registry_id
    assert second.state.root_fingerprint == first.state.root_fingerprint


def test_the_bundle_is_what_a_client_pins(made: Made) -> None:
    bundle = trust.open_bundle(made.state.bundle, made.state.root_fingerprint)
    assert bundle.version == 1
    assert bundle.registry_id == made.state.registry_id
    assert [key.origin for key in bundle.logs] == [f"skreg-{made.state.registry_id}/1"]
    assert bundle.logs[0].covers(made.now)


def test_the_facts_of_the_operator_are_in_the_bundle(tmp_path: Path) -> None:
    _, change = ensure_local_pki(tmp_path / "keys", lambda: NOW, facts=FACTS)
    bundle = trust.open_bundle(change.state.bundle, change.state.root_fingerprint)
    assert bundle.redirect_hosts == ("a.example", "cdn.example")
    assert bundle.minimum_client == "1.2.0"


def test_every_trust_decision_is_logged(tmp_path: Path) -> None:
    _, change = ensure_local_pki(tmp_path / "keys", lambda: NOW)
    assert [entry["type"] for entry in change.entries] == [
        "trust-change", "cert-issued", "cert-issued", "cert-issued", "crl", "crl", "crl",
    ]  # fmt: skip


def test_every_use_of_a_key_is_audited(tmp_path: Path) -> None:
    records: list[SignatureRecord] = []
    keys = local_keys(tmp_path / "keys", records.append)
    asked = request(keys)
    assert keys.root
    install(grant(asked, keys.root, NOW), keys, NOW)
    assert [one.purpose for one in records] == [
        *["certificate-request"] * 3, "root-certificate", "crl", "trust-bundle",
        *["ca-certificate"] * 2, "crl", "crl", "leaf-certificate",
    ]  # fmt: skip


def test_an_offline_ceremony_crosses_machines_as_files(tmp_path: Path) -> None:
    keys = local_keys(tmp_path / "online")
    root = local_keys(tmp_path / "offline").root
    assert root
    asked = ceremony_json.request_from_bytes(
        ceremony_json.request_to_bytes(request(replace(keys, root=None), FACTS))
    )
    granted = ceremony_json.grant_from_bytes(ceremony_json.grant_to_bytes(grant(asked, root, NOW)))
    state = install(granted, replace(keys, root=None), NOW).state
    assert certificate_spki(state.root.certificate) == root.spki()
    lines = transcript(asked, granted)
    assert any(state.registry_id in line for line in lines)
    assert any(line.startswith("trust bundle  sha256:") for line in lines)
    assert any(line.startswith("publisher-ca  sha256:") for line in lines)


def test_people_can_make_every_hash_of_the_transcript_themselves(tmp_path: Path) -> None:
    keys = local_keys(tmp_path / "keys")
    asked = request(keys, FACTS)
    granted = grant(asked, keys.required("root"), NOW)
    lines = dict(line.split(None, 1) for line in contents(granted))
    file = ceremony_json.grant_to_bytes(granted)
    assert lines["grant"] == f"sha256:{sha256_by_openssl(file)}"
    carried = json.loads(file)
    for role in ("root", "registry-ca", "publisher-ca"):
        pem = carried[role.replace("-", "_")].encode()
        shown = openssl("x509", "-noout", "-fingerprint", "-sha256", data=pem)
        digest = shown.partition("=")[2].strip().replace(":", "").lower()
        marked = [line for line in contents(granted) if line.startswith(f"{role} ")]
        assert any(f"sha256:{digest} until" in line for line in marked)
    found = "\n".join(contents(granted))
    for what, name in (("root CRL", "root_crl"), ("trust bundle", "bundle")):
        assert f"{what:<13} sha256:{sha256_by_openssl(b64decode(carried[name]))}" in found
    asked_for = sha256_by_openssl(ceremony_json.request_to_bytes(asked))
    assert proposal(asked)[0] == f"request       sha256:{asked_for}"
    text = witnessed(transcript(asked, granted), "2026-11-21T04:00:00Z")
    body, _, rest = text.partition("transcript    sha256:")
    assert rest.startswith(sha256_by_openssl(body.encode()))


def sha256_by_openssl(data: bytes) -> str:
    return openssl("dgst", "-sha256", "-r", data=data).split()[0]


def test_a_grant_for_other_keys_is_not_installed(made: Made, tmp_path: Path) -> None:
    root = made.keys.required("root")
    granted = grant(request(made.keys), root, NOW)
    other = local_keys(tmp_path / "other")
    with pytest.raises(KeyMismatch, match="registry-ca"):
        install(granted, replace(made.keys, registry_ca=other.registry_ca), NOW)
    with pytest.raises(KeyMismatch, match="log key"):
        install(granted, replace(made.keys, log=other.log), NOW)


def test_a_grant_that_clients_would_refuse_is_not_installed(made: Made, tmp_path: Path) -> None:
    root = made.keys.required("root")
    good = grant(request(made.keys), root, NOW)
    swapped = grant(
        replace(request(made.keys), publisher_ca=request(made.keys).registry_ca), root, NOW
    )
    foreign = grant(request(made.keys), local_keys(tmp_path / "foreign").required("root"), NOW)
    for wrong in (
        replace(good, bundle=foreign.bundle),
        replace(good, registry_ca=foreign.registry_ca),
        replace(good, publisher_ca=foreign.publisher_ca),
        replace(good, root_crl=foreign.root_crl),
        replace(good, bundle=b"{}"),
    ):
        with pytest.raises(ConfigurationInvalid, match="refused by every client"):
            install(wrong, made.keys, NOW)
    with pytest.raises(KeyMismatch):
        install(replace(good, publisher_ca=swapped.publisher_ca), made.keys, NOW)


def test_a_publisher_ca_under_the_registrys_policy_is_not_installed(made: Made) -> None:
    root = made.keys.required("root")
    keys = replace(made.keys, registry_ca=made.keys.publisher_ca)
    granted = grant(request(keys), root, NOW)
    with pytest.raises(ConfigurationInvalid, match="publishers' policy"):
        install(replace(granted, publisher_ca=granted.registry_ca), keys, NOW)


def test_what_is_published_is_what_clients_ask_for(made: Made, tmp_path: Path) -> None:
    store = open_store((tmp_path / "read").as_uri())

    async def publish() -> dict[str, bytes]:
        await publish_objects(made.state, store)
        await publish_objects(made.state, store)
        return {info.key: await store.get(info.key) async for info in store.list("")}

    found = asyncio.run(publish())
    assert found["trust/1.json"] == found["trust/latest.json"] == made.state.bundle
    for authority in made.state.authorities:
        crl.check_crl(found[f"crl/{authority.ca_id}.crl"], authority.certificate, made.now, 1)
    assert len(found) == 5
    assert made.state.crl_numbers == {authority.ca_id: 1 for authority in made.state.authorities}


def test_only_the_numbered_bundle_is_immutable(made: Made) -> None:
    objects = {item.key: item for item in static_objects(made.state)}
    assert [key for key, item in objects.items() if item.immutable] == ["trust/1.json"]
    assert "immutable" in str(objects["trust/1.json"].headers.cache_control)
    crl_key = f"crl/{made.state.root.ca_id}.crl"
    assert objects[crl_key].headers.content_type == "application/pkix-crl"


def test_the_state_survives_its_storage(made: Made) -> None:
    revoked = revoke(made.state, made.keys, "publisher-ca", 2**150, NOW, reason="keyCompromise")
    stored = state_json.to_bytes(revoked.state)
    assert state_json.from_bytes(stored) == revoked.state
    assert state_json.to_bytes(state_json.from_bytes(stored)) == stored


def test_a_state_without_crls_has_them_issued_again_numbered_on(made: Made, tmp_path: Path) -> None:
    small = state_json.from_bytes(state_json.to_bytes(made.state, crls=False))
    assert all(authority.crl == b"" for authority in small.authorities)
    assert [item.key for item in static_objects(small)] == ["trust/1.json", "trust/latest.json"]
    keys = made.keys
    again = renew(small, keys, NOW).state
    assert set(again.crl_numbers.values()) == {2}


def test_chains_are_leaf_first(made: Made) -> None:
    assert made.state.signing_chain[0] != made.state.signing_chain[1]
    assert isinstance(made.state.authority("root"), Authority)


@pytest.mark.parametrize(
    "read",
    [state_json.from_bytes, ceremony_json.request_from_bytes, ceremony_json.grant_from_bytes],
)
@given(data=st.binary(max_size=40) | st.sampled_from([b"{}", b'{"schema":"skreg.pki/1"}']))
def test_what_is_no_document_is_refused(read: object, data: bytes) -> None:
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        read(data)  # type: ignore[operator]


def test_a_broken_certificate_is_named(made: Made) -> None:
    stored = state_json.to_bytes(made.state).replace(b"-----BEGIN", b"-----FEGIN")
    with pytest.raises(ConfigurationInvalid, match="certificate"):
        state_json.from_bytes(stored)
