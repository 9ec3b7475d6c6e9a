"""sign, cert, publish --sign-key: keys of every form, what is written, what a refusal says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from skillpkg.client.transport import Request, Response
from skillpkg.commands import cert
from skillpkg.commands import publish as command
from skillpkg.crypto import names, signatures
from support.certificates import Holder, issue, leaf_shape, make_pki
from support.client_world import World, answer
from support.skills import make_skill

PLACE = "/v1/namespaces/acme/certificates"
ARCHIVE = make_skill("acme", "demo")
SECRET = "correct horse"


@pytest.fixture(scope="module")
def leaf() -> tuple[Holder, bytes]:
    """A publisher's leaf for acme, and its chain in PEM."""
    pki = make_pki()
    uri = names.publisher_uri(pki.id, "acme")
    made = issue(leaf_shape(names.PUBLISHER_SIGNED, uri), pki.publisher_ca)
    chain = (made.certificate, pki.publisher_ca.certificate)
    return made, b"".join(one.public_bytes(Encoding.PEM) for one in chain)


@pytest.fixture
def folder(world: World, monkeypatch: pytest.MonkeyPatch, leaf: tuple[Holder, bytes]) -> Path:
    """The project with an archive, a key and its chain; a server that takes what comes."""
    monkeypatch.setenv("SKILLPKG_TOKEN", "skreg_t")
    monkeypatch.setattr(command, "_PAUSES", (0.0,))
    monkeypatch.setattr(cert, "_PAUSE", 0.0)
    world.add_server()
    (world.project / "demo.skill").write_bytes(ARCHIVE)
    (world.project / "own.key").write_bytes(pem_of(leaf[0].key))
    (world.project / "own.pem").write_bytes(leaf[1])
    taken = answer(202, {"state": "submitted", "sha256": "ab"})
    world.server.routes["POST /v1/packages/acme/demo/publish"] = taken
    return world.project


def pem_of(key: object, passphrase: str = "", form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    kept: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        kept = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, form, kept)


def test_sign_writes_what_openssl_verifies(
    world: World, folder: Path, leaf: tuple[Holder, bytes]
) -> None:
    said = world.ok("sign", "demo.skill", "--key", "own.key", "--chain", "own.pem")
    public = leaf[0].certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    assert signatures.verify(public, (folder / "demo.skill.sig").read_bytes(), ARCHIVE)
    assert "publish demo.skill --signature demo.skill.sig --chain own.pem" in said.out
    world.ok("sign", "demo.skill", "--key", "own.key", "-o", "x.sig")
    assert signatures.verify(public, (folder / "x.sig").read_bytes(), ARCHIVE)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_key_is_asked_for(
    world: World,
    folder: Path,
    leaf: tuple[Holder, bytes],
    form: PrivateFormat,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "own.key").write_bytes(pem_of(leaf[0].key, SECRET, form))
    words = ("sign", "demo.skill", "--key", "own.key")
    assert "nobody to ask" in world.run(*words).err
    typed(monkeypatch, SECRET)
    world.ok(*words, "--passphrase-stdin")
    typed(monkeypatch, "wrong")
    refused = world.run(*words, "--passphrase-stdin")
    assert (refused.code, "cannot be used" in refused.err) == (2, True)


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nothing", "cannot be used"),
        (pem_of(ec.generate_private_key(ec.SECP384R1())), "not an ECDSA key on P-256"),
        (pem_of(rsa.generate_private_key(65537, 2048)), "not an ECDSA key on P-256"),
    ],
    ids=["no-key", "p-384", "rsa"],
)
def test_keys_that_cannot_sign(world: World, folder: Path, content: bytes, said: str) -> None:
    (folder / "own.key").write_bytes(content)
    refused = world.run("sign", "demo.skill", "--key", "own.key")
    assert (refused.code, said in refused.err) == (2, True)
    assert not (folder / "demo.skill.sig").exists()


def test_what_is_not_there(world: World, folder: Path) -> None:
    words = ("--key", "own.key")
    assert world.run("sign", "absent.skill", *words).code == 4
    assert world.run("sign", "demo.skill", "--key", "absent.key").code == 4
    assert world.run("sign", "demo.skill", *words, "--chain", "absent.pem").code == 4
    assert "skillpkg pack" in world.run("sign", ".", *words).err
    (folder / "demo.skill").write_bytes(b"no archive")
    assert world.run("sign", "demo.skill", *words).code == 1


def test_publish_sends_signature_and_chain(
    world: World, folder: Path, leaf: tuple[Holder, bytes]
) -> None:
    chain = ("--chain", "own.pem")
    world.ok("publish", "demo.skill", "--no-wait", "--sign-key", "own.key", *chain)
    world.ok("sign", "demo.skill", "--key", "own.key")
    world.ok("publish", "demo.skill", "--no-wait", "--signature", "demo.skill.sig", *chain)
    sent = world.server.sent("POST", "/v1/packages/acme/demo/publish")
    kept = (folder / "demo.skill.sig").read_bytes()
    for request in sent:
        assert request.body is not None
        assert b'name="chain"' in request.body
        assert leaf[1] in request.body
    assert kept in (sent[1].body or b"")
    world.ok("publish", "demo.skill", "--no-wait")
    last = world.server.sent("POST", "/v1/packages/acme/demo/publish")[-1]
    assert b'name="signature"' not in (last.body or b"")


def test_what_does_not_fit_is_not_uploaded(world: World, folder: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    (folder / "other.key").write_bytes(pem_of(other))
    (folder / "short.pem").write_bytes((folder / "own.pem").read_bytes()[:900])
    chain = ("--chain", "own.pem")
    for words in (
        ("--sign-key", "other.key", *chain),
        ("--sign-key", "own.key"),
        chain,
        ("--sign-key", "own.key", "--chain", "short.pem"),
        ("--sign-key", "own.key", "--signature", "demo.skill", *chain),
    ):
        assert world.run("publish", "demo.skill", *words).code == 2, words
    assert world.run("publish", "demo.skill", "--signature", "absent.sig", *chain).code == 4
    (folder / "demo.skill").write_bytes(make_skill("beta", "demo"))
    foreign = world.run("publish", "demo.skill", "--sign-key", "own.key", *chain)
    assert (foreign.code, "may not sign packages of beta" in foreign.err) == (2, True)
    assert world.server.sent("POST", "/v1/packages/acme/demo/publish") == []


def certificate(state: str, leaf: tuple[Holder, bytes], **more: object) -> dict[str, object]:
    chain = leaf[1].decode() if state == "issued" else None
    found = {"id": "c1", "namespace": "acme", "state": state, "serial": "ab", "chain_pem": chain}
    return {**found, "not_after": "2027-01-01T00:00:00Z", "error": None, **more}


def issuing(world: World, leaf: tuple[Holder, bytes], *states: str, **more: object) -> None:
    """Let the certificate go through ``states`` and stay in the last."""
    left: Iterator[str] = iter(states)
    shown = [states[0]]

    def status(_: Request) -> Response:
        shown[0] = next(left, shown[0])
        return answer(200, certificate(shown[0], leaf, **more))

    world.server.routes[f"POST {PLACE}"] = answer(202, certificate("requested", leaf))
    world.server.routes[f"GET {PLACE}/c1"] = status


def requested(world: World) -> dict[str, object]:
    found: dict[str, object] = json.loads(world.server.sent("POST", PLACE)[-1].body or b"")
    return found


def test_cert_request_makes_a_key_and_keeps_the_chain(
    world: World, folder: Path, leaf: tuple[Holder, bytes]
) -> None:
    issuing(world, leaf, "requested", "issued")
    said = world.ok("cert", "request", "acme", "--key", "new.key", "--days", "7")
    assert (folder / "new.key").stat().st_mode & 0o777 == 0o600
    assert (folder / "new.chain.pem").read_bytes() == leaf[1]
    assert "--sign-key new.key --chain new.chain.pem" in said.out
    body = requested(world)
    assert body["days"] == 7
    request = x509.load_pem_x509_csr(str(body["csr"]).encode())
    key = serialization.load_pem_private_key((folder / "new.key").read_bytes(), None)
    assert request.is_signature_valid
    assert request.public_key() == key.public_key()


def test_cert_request_uses_the_key_or_the_request_that_is_there(
    world: World, folder: Path, leaf: tuple[Holder, bytes]
) -> None:
    issuing(world, leaf, "issued")
    world.ok("cert", "request", "acme", "--key", "own.key", "-o", "here.pem")
    assert (folder / "own.key").read_bytes() == pem_of(leaf[0].key)
    assert (folder / "here.pem").read_bytes() == leaf[1]
    sent = x509.load_pem_x509_csr(str(requested(world)["csr"]).encode())
    assert sent.public_key() == leaf[0].certificate.public_key()
    (folder / "hsm.csr").write_text("a request that the registry judges")
    world.ok("cert", "request", "acme", "--csr", "hsm.csr")
    assert requested(world)["csr"] == "a request that the registry judges"
    assert (folder / "hsm.chain.pem").exists()
    assert world.run("cert", "request", "acme").code == 2


def test_cert_request_that_is_refused_or_takes_too_long(
    world: World, folder: Path, leaf: tuple[Holder, bytes]
) -> None:
    issuing(world, leaf, "refused", error="Its key is not ECDSA P-256.")
    refused = world.run("cert", "request", "acme", "--key", "own.key")
    assert (refused.code, "not ECDSA P-256" in refused.err) == (1, True)
    issuing(world, leaf, "requested")
    late = world.run("cert", "request", "acme", "--key", "own.key", "--timeout", "0")
    assert (late.code, "cert show acme c1" in late.err) == (6, True)


def test_cert_list_show_revoke(world: World, folder: Path, leaf: tuple[Holder, bytes]) -> None:
    issuing(world, leaf, "issued")
    world.server.routes[f"GET {PLACE}"] = answer(200, {"results": [certificate("issued", leaf)]})
    assert "c1" in world.ok("cert", "list", "acme").out
    world.ok("cert", "show", "acme", "c1", "-o", "again.pem")
    assert (folder / "again.pem").read_bytes() == leaf[1]
    revoking = answer(202, certificate("revoking", leaf))
    world.server.routes[f"POST {PLACE}/c1/revoke"] = revoking
    world.ok("cert", "revoke", "acme", "c1", "--reason", "keyCompromise")
    sent = world.server.sent("POST", f"{PLACE}/c1/revoke")[0].body
    assert json.loads(sent or b"") == {"reason": "keyCompromise"}
    world.server.routes[f"PUT {PLACE}"] = answer(200, {"results": [], "signed_only": True})
    assert "only what it signs" in world.ok("cert", "require", "acme").out
    world.ok("cert", "require", "acme", "--off")
    wished = [json.loads(one.body or b"") for one in world.server.sent("PUT", PLACE)]
    assert wished == [{"signed_only": True}, {"signed_only": False}]
    issuing(world, leaf, "requested")
    early = world.run("cert", "show", "acme", "c1", "-o", "early.pem")
    assert (early.code, "it has no chain" in early.err) == (2, True)
    world.server.routes[f"GET {PLACE}"] = answer(200, {"results": []})
    assert "None." in world.ok("cert", "list", "acme").out
