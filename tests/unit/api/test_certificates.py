"""Publishers' certificates: a request in, a leaf out by the worker, revoked in the CA's list."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from skillpkg.crypto.chain import verify_chain
from skillpkg.crypto.trust import open_bundle
from skreg.api.services import certifying
from skreg.bootstrap import utc_now
from support.asgi import AsgiClient
from support.registry import Registry, signed_up

PLACE = "/v1/namespaces/acme/certificates"


def csr(key: Any = None) -> str:
    key = key or ec.generate_private_key(ec.SECP256R1())
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM).decode()


async def issued(acme: AsgiClient, registry: Registry) -> dict[str, Any]:
    made = await acme.post(PLACE, {"csr": csr()})
    assert made.status == 202, made.body
    assert made.json()["state"] == "requested"
    await registry.work()
    found: dict[str, Any] = (await acme.get(f"{PLACE}/{made.json()['id']}")).json()
    return found


def certificates(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode())


async def test_a_request_becomes_a_certificate(acme: AsgiClient, registry: Registry) -> None:
    registry.sql(
        "INSERT INTO namespace_domains (namespace_id, domain, challenge, verified_at)"
        " SELECT id, 'acme.example', 'x', now() FROM namespaces WHERE name = 'acme'"
    )
    found = await issued(acme, registry)
    assert found["state"] == "issued"
    leaf, issuer = certificates(found["chain_pem"])
    assert found["serial"] == f"{leaf.serial_number:x}"
    known = json.loads((registry.storage / ".well-known" / "skreg.json").read_bytes())
    trusted = (registry.storage / "trust" / "latest.json").read_bytes()
    bundle = open_bundle(trusted, known["root_fingerprints"][0])
    chain = [item.public_bytes(Encoding.DER) for item in (leaf, issuer)]
    verified = verify_chain(chain, [root.certificate for root in bundle.roots], utc_now())
    assert verified.signer_class == "publisher"
    assert verified.publisher_namespace == "acme"
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["acme.example"]
    entries = [json.loads(bytes(row[0])) for row in registry.sql("SELECT entry FROM log_entries")]
    assert [e["serial"] for e in entries if e["type"] == "cert-issued"].count(found["serial"]) == 1
    listed = (await acme.get(PLACE)).json()["results"]
    assert [item["id"] for item in listed] == [found["id"]]


async def test_a_certificate_is_revoked(acme: AsgiClient, registry: Registry) -> None:
    found = await issued(acme, registry)
    path = f"{PLACE}/{found['id']}/revoke"
    asked = await acme.post(path, {"reason": "keyCompromise"})
    assert (asked.status, asked.json()["state"]) == (202, "revoking")
    assert (await acme.post(path, {})).status == 409
    await registry.work()
    gone = (await acme.get(f"{PLACE}/{found['id']}")).json()
    assert (gone["state"], gone["reason"]) == ("revoked", "keyCompromise")
    lists = [
        x509.load_der_x509_crl(path.read_bytes()) for path in (registry.storage / "crl").iterdir()
    ]
    serial = int(found["serial"], 16)
    assert any(one.get_revoked_certificate_by_serial_number(serial) for one in lists)
    actions = [row[0] for row in registry.sql("SELECT action FROM audit")]
    assert {"certificate-requested", "certificate-revoked"} <= set(actions)


async def test_an_administrator_revokes_anybodys(acme: AsgiClient, registry: Registry) -> None:
    found = await issued(acme, registry)
    boss = await signed_up(acme, "boss")
    path = f"/v1/admin/certificates/{found['id']}/revoke"
    assert (await boss.post(path, {})).status == 403
    registry.sql("UPDATE accounts SET is_admin = true WHERE username = 'boss'")
    assert (await boss.post(path, {"reason": "because"})).status == 422
    assert (await boss.post("/v1/admin/certificates/none/revoke", {})).status == 404
    assert (await boss.post(path, {"reason": "privilegeWithdrawn"})).status == 202
    await registry.work()
    assert (await acme.get(PLACE)).json()["results"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        csr(ec.generate_private_key(ec.SECP384R1())),
        csr(ed25519.Ed25519PrivateKey.generate()),
        "\x00",
    ],
    ids=["nothing", "no-request", "p-384", "ed25519", "nul"],
)
async def test_what_is_no_request(acme: AsgiClient, text: str) -> None:
    answer = await acme.post(PLACE, {"csr": text})
    assert answer.status == 422
    assert answer.json()["errors"][0]["path"] == "csr"


async def test_a_stolen_request_is_refused(acme: AsgiClient) -> None:
    """The signature shows possession of the key: another key put in its place is seen."""
    good = x509.load_pem_x509_csr(csr().encode()).public_bytes(Encoding.DER)
    broken = bytearray(good)
    broken[-1] ^= 1
    import base64

    body = base64.encodebytes(bytes(broken)).decode()
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{body}-----END CERTIFICATE REQUEST-----\n"
    assert (await acme.post(PLACE, {"csr": pem})).status == 422


async def test_only_owners_ask_and_only_members_look(acme: AsgiClient, registry: Registry) -> None:
    found = await issued(acme, registry)
    stranger = await signed_up(acme, "stranger")
    assert (await stranger.post(PLACE, {"csr": csr()})).status == 403
    assert (await stranger.get(PLACE)).status == 403
    assert (await stranger.get(f"{PLACE}/{found['id']}")).status == 403
    other = f"/v1/namespaces/stranger/certificates/{found['id']}"
    assert (await stranger.get(other)).status == 404
    assert (await stranger.post(f"{other}/revoke", {})).status == 404


async def test_there_are_not_many(acme: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certifying, "AT_ONCE", 1)
    assert (await acme.post(PLACE, {"csr": csr()})).status == 202
    assert (await acme.post(PLACE, {"csr": csr()})).status == 429


async def test_what_the_worker_refuses_says_why(acme: AsgiClient, registry: Registry) -> None:
    made = await acme.post(PLACE, {"csr": csr()})
    registry.sql("UPDATE publisher_certs SET request = 'nothing'")
    await registry.work()
    found = (await acme.get(f"{PLACE}/{made.json()['id']}")).json()
    assert found["state"] == "refused"
    assert "cannot be read" in found["error"]
    assert (await acme.post(f"{PLACE}/{found['id']}/revoke", {})).status == 409
