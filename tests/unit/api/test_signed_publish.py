"""Archives that their publisher signed: taken, logged and published, or refused at the door."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from skreg.bootstrap import utc_now
from support.accounts import organisation, send
from support.asgi import Answer, AsgiClient
from support.certificates import make_pki
from support.memory import FixedClock
from support.publisher import Publisher, certified, new_key_and_request, signed_by
from support.registry import Registry
from support.skills import make_skill

PUBLISH = "/v1/packages/acme/demo/publish"
DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def publisher(acme: AsgiClient, registry: Registry) -> Publisher:
    return await certified(acme, registry)


def archive(version: str = "1.0.0", namespace: str = "acme") -> bytes:
    return make_skill(namespace, "demo", version)


def document(registry: Registry) -> dict[str, Any]:
    envelope = json.loads((registry.storage / "index" / "acme" / "demo.json").read_bytes())
    found: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return found


def entries(registry: Registry) -> list[dict[str, Any]]:
    rows = registry.sql("SELECT entry FROM log_entries ORDER BY index")
    return [json.loads(bytes(row[0])) for row in rows]


def refused(answer: Answer, status: int, rule: str, part: str) -> dict[str, Any]:
    assert answer.status == status, answer.body
    problem: dict[str, Any] = answer.json()
    assert [(one["rule"], one["path"]) for one in problem["errors"]] == [(rule, part)]
    assert problem["title"]
    return problem


async def test_a_publisher_signs_and_anybody_can_verify(
    publisher: Publisher, registry: Registry
) -> None:
    data = archive()
    signature = publisher.sign(data)
    taken = await publisher.publish(data, signature=signature)
    assert (taken.status, taken.json()["state"]) == (202, "submitted"), taken.body
    await registry.work()
    found = registry.verify("acme/demo@1.0.0")
    assert (found.signer.signer_class, found.signer.publisher_namespace) == ("publisher", "acme")
    signer = {"kind": "publisher", "cert_serial": publisher.serial}
    assert found.version.signer.to_json() == signer
    shown = (await publisher.client.get("/v1/packages/acme/demo/1.0.0")).json()
    assert shown["signer"] == signer
    assert document(registry)["signer_class"] == "publisher"
    stands = next((registry.storage / "packages").rglob("*.sig")).read_bytes()
    assert stands == signature, "the publisher's own bytes"
    logged = [(one["type"], one.get("seq")) for one in entries(registry) if "name" in one]
    assert logged == [("submitted", 1), ("publish", 2)]
    status = (await publisher.client.get("/v1/packages/acme/demo/1.0.0/status")).json()
    assert [one["step"] for one in status["steps"]] == [
        "uploaded",
        "submitted",
        "vetting",
        "signed",
        "logged",
        "published",
    ]


async def test_no_key_of_the_registry_signs_such_an_archive(
    publisher: Publisher, registry: Registry
) -> None:
    await publisher.publish(archive())
    await registry.work()
    sql = "SELECT count(*) FROM audit WHERE action = 'signature' AND details ->> 'purpose' = %s"
    assert registry.sql(sql, "archive") == [(0,)]


async def test_base64_and_plain_fields_are_read(publisher: Publisher, registry: Registry) -> None:
    data = archive()
    text = base64.encodebytes(publisher.sign(data))
    assert (await publisher.publish(data, signature=text)).status == 202
    await registry.work()
    registry.verify("acme/demo@1.0.0")


async def test_the_same_again_is_the_same_answer(publisher: Publisher, registry: Registry) -> None:
    data = archive()
    first, again = await publisher.publish(data), await publisher.publish(data)
    assert (first.status, again.status) == (202, 200)
    await registry.work()
    assert (await publisher.publish(data)).json()["state"] == "published"


async def test_what_the_registry_signs_stays_signed_by_it(
    publisher: Publisher, registry: Registry
) -> None:
    data = archive()
    assert (await publisher.client.upload(PUBLISH, data)).status == 202
    answer = await publisher.publish(data)
    assert answer.status == 409
    assert "signed by the registry" in answer.json()["detail"]


async def test_a_package_may_begin_to_sign(publisher: Publisher, registry: Registry) -> None:
    assert (await publisher.client.upload(PUBLISH, archive("1.0.0"))).status == 202
    await registry.work()
    assert (await publisher.publish(archive("1.1.0"))).status == 202
    await registry.work()
    assert document(registry)["signer_class"] == "mixed"
    kinds = [registry.verify(f"acme/demo@{v}").signer.signer_class for v in ("1.0.0", "1.1.0")]
    assert kinds == ["registry", "publisher"]
    assert (await publisher.client.upload(PUBLISH, archive("1.2.0"))).status == 202
    await registry.work()
    assert "by the registry alone" in registry.verify("acme/demo@1.2.0").warnings[0]


async def test_an_organisation_signs_too(acme: AsgiClient, registry: Registry) -> None:
    crew = await certified(await organisation(acme, "crew"), registry, "crew")
    assert (await crew.publish(archive(namespace="crew"))).status == 202
    await registry.work()
    assert registry.verify("crew/demo@1.0.0").signer.publisher_namespace == "crew"


async def test_a_namespace_may_take_only_what_it_signs(
    publisher: Publisher, registry: Registry
) -> None:
    acme, place = publisher.client, "/v1/namespaces/acme/certificates"
    assert (await acme.upload(PUBLISH, archive("1.0.0"))).status == 202
    assert (await send(acme, "PUT", place, {"signed_only": True})).json()["signed_only"] is True
    problem = refused(await acme.upload(PUBLISH, archive("1.1.0")), 403, "signed-only", "signature")
    assert "--sign-key" in problem["detail"]
    assert registry.sql("SELECT version FROM versions") == [("1.0.0",)]
    assert (await acme.upload(PUBLISH, archive("1.0.0"))).status == 200, "it was taken before"
    assert (await publisher.publish(archive("1.1.0"))).status == 202
    await send(acme, "PUT", place, {"signed_only": False})
    assert (await acme.get(place)).json()["signed_only"] is False
    assert (await acme.upload(PUBLISH, archive("1.2.0"))).status == 202


@pytest.mark.parametrize("missing", ["signature", "chain"])
async def test_one_part_without_the_other(publisher: Publisher, missing: str) -> None:
    data = archive()
    parts = {"signature": publisher.sign(data), "chain": publisher.chain}
    del parts[missing]
    answer = await publisher.client.upload(PUBLISH, data, **parts)
    problem = refused(answer, 422, "parts", missing)
    assert "both parts" in problem["detail"]


@pytest.mark.parametrize(
    ("part", "content", "rule"),
    [
        ("signature", b"", "signature"),
        ("signature", b"0", "signature"),
        ("signature", b"no base64!", "signature"),
        ("signature", b"0" * 1025, "multipart"),
        ("chain", b"", "chain"),
        ("chain", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "chain"),
        ("chain", b"x" * 32769, "multipart"),
    ],
)
async def test_parts_that_cannot_be_read(
    publisher: Publisher, part: str, content: bytes, rule: str
) -> None:
    answer = await publisher.publish(archive(), **{part: content})
    refused(answer, 422, rule, part)
    assert (await publisher.client.get("/v1/packages/acme/demo")).status == 404


async def test_a_signature_over_other_bytes(publisher: Publisher) -> None:
    answer = await publisher.publish(archive(), signature=publisher.sign(b"other"))
    problem = refused(answer, 422, "signature", "signature")
    assert "openssl dgst -sha256 -sign" in problem["detail"]


async def test_a_signature_by_another_key(publisher: Publisher) -> None:
    other, _ = new_key_and_request()
    data = archive()
    answer = await publisher.publish(data, signature=signed_by(other, data))
    refused(answer, 422, "signature", "signature")


async def test_a_signature_that_is_not_strict_der(publisher: Publisher) -> None:
    data = archive()
    good = publisher.sign(data)
    r, s = decode_dss_signature(good)
    padded = b"\x02\x21\x00" + r.to_bytes(32) + b"\x02\x21\x00" + s.to_bytes(32)
    for wrong in (good + b"\x00", b"\x30" + bytes([len(padded)]) + padded + b"\x00"):
        refused(await publisher.publish(data, signature=wrong), 422, "signature", "signature")


async def test_a_certificate_of_another_namespace(acme: AsgiClient, registry: Registry) -> None:
    """Both namespaces are one account's: what counts is whose the certificate is."""
    await organisation(acme, "crew")
    crew = await certified(acme, registry, "crew")
    data = archive()
    answer = await acme.upload(PUBLISH, data, signature=crew.sign(data), chain=crew.chain)
    problem = refused(answer, 403, "publisher-namespace", "chain")
    assert "for the namespace crew, not acme" in problem["errors"][0]["detail"]


async def test_a_chain_of_another_registry(publisher: Publisher) -> None:
    other = make_pki()
    pem = b"".join(
        one.certificate.public_bytes(Encoding.PEM) for one in (other.publisher, other.publisher_ca)
    )
    data = archive()
    answer = await publisher.publish(data, chain=pem, signature=other.publisher.sign(data))
    refused(answer, 422, "chain", "chain")


async def test_the_registrys_own_chain(publisher: Publisher, registry: Registry) -> None:
    """A registry-signed archive sent in as a publisher's."""
    data = archive("0.9.0")
    assert (await publisher.client.upload(PUBLISH, data)).status == 202
    await registry.work()
    shown = await publisher.client.get("/v1/packages/acme/demo/0.9.0/metadata")
    chain = shown.json()["cert_chain_pem"].encode()
    signature = next((registry.storage / "packages").rglob("*.sig")).read_bytes()
    for version in ("0.9.0", "1.0.0"):
        answer = await publisher.publish(archive(version), chain=chain, signature=signature)
        refused(answer, 422, "chain-policy", "chain")


async def test_a_chain_without_its_ca_or_with_the_root(publisher: Publisher) -> None:
    leaf, ca = x509.load_pem_x509_certificates(publisher.chain)
    for found in ([leaf], [ca, leaf], [leaf, ca, ca]):
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in found)
        refused(await publisher.publish(archive(), chain=pem), 422, "chain", "chain")


async def test_a_certificate_that_nobody_was_given(
    publisher: Publisher, registry: Registry
) -> None:
    """Under the CA, and in no row: the CA's key was used past the registry."""
    registry.sql("UPDATE publisher_certs SET serial = 'abc'")
    answer = await publisher.publish(archive())
    refused(answer, 403, "certificate-unknown", "chain")


async def test_a_revoked_certificate(publisher: Publisher, registry: Registry) -> None:
    await publisher.revoke(reason="keyCompromise")
    asked = refused(await publisher.publish(archive()), 403, "revoked", "chain")
    assert "is revoking" in asked["errors"][0]["detail"], "a wish counts at once"
    await registry.work()
    refused(await publisher.publish(archive()), 403, "revoked", "chain")


async def test_an_expired_certificate(acme: AsgiClient, registry: Registry) -> None:
    """The worker issued it two days ago, for one day."""
    before = FixedClock(utc_now() - 2 * DAY)
    publisher = await certified(acme, registry, days=1, clock=before)
    problem = refused(await publisher.publish(archive()), 422, "chain-time", "chain")
    assert "skillpkg cert request" in problem["detail"]
