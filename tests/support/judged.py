"""Everything that a running registry's keys have signed, fetched and judged by ``openssl``."""

from __future__ import annotations

import json
import re
import time
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from skillpkg.crypto import names
from support.openssl import accepts, openssl, verifies, write_pem
from support.registry_process import Http


@dataclass(frozen=True)
class Judge:
    """One registry; files for openssl are written to ``folder``.

    Attributes:
        cas: the registry CA, the publisher CA and the root, as somebody else came by them.
    """

    http: Http
    folder: Path
    cas: tuple[x509.Certificate, ...]

    @property
    def registry_ca(self) -> x509.Certificate:
        return self.cas[0]

    @property
    def publisher_ca(self) -> x509.Certificate:
        return self.cas[1]

    @property
    def root(self) -> x509.Certificate:
        return self.cas[2]

    def judge_all(self, package: str, request: bytes) -> None:
        """Judge each certificate, request, list and signature; ``request`` is the ceremony's."""
        registry = self.http.get("/.well-known/skreg.json").json()["registry_id"]
        self._authorities()
        leaf = self._release(package)
        self.has_profile(
            leaf, "CA:FALSE", "Digital Signature", "Code Signing",
            f"URI:urn:skreg:{registry}:registry", f"Policy: {names.REGISTRY_SIGNED}",
        )  # fmt: skip
        for path in (f"/index/{package}.json", "/index/timestamp", "/trust/latest.json"):
            self._envelope(path)
        self._checkpoint()
        self._requests(request)

    def chains(self, leaf: x509.Certificate, ca: x509.Certificate, policy: str) -> bool:
        """Whether openssl builds the leaf's chain with every list checked."""
        crls = self.folder / "crls.pem"
        crls.write_text("".join(self.crl(one) for one in (self.root, ca)))
        return accepts(
            "verify", "-x509_strict", "-purpose", "any",
            "-CAfile", write_pem(self.folder / "r.pem", self.root),
            "-untrusted", write_pem(self.folder / "c.pem", ca),
            "-CRLfile", str(crls), "-crl_check_all", "-policy", policy, "-explicit_policy",
            write_pem(self.folder / "l.pem", leaf),
        )  # fmt: skip

    def crl(self, issuer: x509.Certificate) -> str:
        """Return a CA's published list as PEM, once openssl has verified its signature."""
        spki = issuer.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        path = self.folder / "one.crl"
        path.write_bytes(self.http.get(names.crl_path(names.ca_id(spki))).body)
        ca = write_pem(self.folder / "issuer.pem", issuer)
        shown = openssl("crl", "-inform", "DER", "-in", str(path), "-CAfile", ca)
        assert "verify OK" in shown
        return shown[shown.index("-----BEGIN") :].rpartition("-----")[0] + "-----\n"

    def has_profile(self, certificate: x509.Certificate, *wanted: str) -> None:
        """Require each text in what openssl shows of a certificate."""
        path = write_pem(self.folder / "shown.pem", certificate)
        text = openssl("x509", "-in", path, "-noout", "-text")
        for part in (*wanted, "ecdsa-with-SHA256", "prime256v1", "X509v3 Key Usage: critical"):
            assert part in text, text

    def _authorities(self) -> None:
        root = write_pem(self.folder / "root.pem", self.root)
        bundle = payload_of(self.http.get("/trust/latest.json").body)
        assert x509.load_der_x509_certificate(b64decode(bundle["roots"][-1]["certificate"])) == (
            self.root
        )
        self.has_profile(self.root, "CA:TRUE, pathlen:1", "Certificate Sign, CRL Sign")
        assert accepts("verify", "-x509_strict", "-check_ss_sig", "-CAfile", root, root)
        for ca, policy in (
            (self.registry_ca, names.REGISTRY_SIGNED),
            (self.publisher_ca, names.PUBLISHER_SIGNED),
        ):
            self.has_profile(ca, "CA:TRUE, pathlen:0", "Code Signing", f"Policy: {policy}")
            path = write_pem(self.folder / "ca.pem", ca)
            assert accepts("verify", "-x509_strict", "-purpose", "any", "-CAfile", root, path)
            self.crl(ca)

    def _release(self, package: str) -> x509.Certificate:
        version = payload_of(self.http.get(f"/index/{package}.json").body)["versions"][0]
        path = f"/packages/{package}/{version['version']}/{version['sha256']}"
        archive, record = (self.http.get(f"{path}.{end}").body for end in ("skill", "release"))
        known = json.loads(record)
        leaf, ca = (x509.load_der_x509_certificate(b64decode(one)) for one in known["chain"])
        assert ca == self.registry_ca
        self._signed(leaf, b64decode(known["signature"]), archive)
        assert self.chains(leaf, ca, names.REGISTRY_SIGNED)
        assert not self.chains(leaf, ca, names.PUBLISHER_SIGNED)
        return leaf

    def _envelope(self, path: str) -> None:
        """Judge each signature over the pre-authentication encoding, put together here."""
        envelope = json.loads(self.http.get(path).body)
        kind, payload = envelope["payloadType"].encode(), b64decode(envelope["payload"])
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
        assert envelope["signatures"]
        for one in envelope["signatures"]:
            signer = x509.load_der_x509_certificate(b64decode(one["chain"][0]))
            self._signed(signer, b64decode(one["sig"]), message)

    def _checkpoint(self) -> None:
        """Judge the ECDSA line by the key that the trust bundle names."""
        text, _, lines = self.http.get("/log/checkpoint").body.decode().rpartition("\n\n")
        log = payload_of(self.http.get("/trust/latest.json").body)["logs"][-1]
        spki = b64decode(log["vkey"].split("+", 2)[2])[1:]
        public = serialization.load_der_public_key(spki)
        assert isinstance(public, ec.EllipticCurvePublicKey)
        raw = b64decode(lines.splitlines()[0].split(" ")[2])
        assert verifies(self.folder, public, raw[4:], f"{text}\n".encode())

    def _requests(self, request: bytes) -> None:
        asked = json.loads(request)
        for role in ("registry_ca", "publisher_ca", "log"):
            csr = self.folder / f"{role}.csr"
            csr.write_bytes(b64decode(asked[role]))
            shown = openssl("req", "-inform", "DER", "-in", str(csr), "-verify", "-noout")
            assert re.search(r"verify OK", shown, re.IGNORECASE), shown

    def _signed(self, signer: x509.Certificate, signature: bytes, message: bytes) -> None:
        public = signer.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        assert verifies(self.folder, public, signature, message)
        assert not verifies(self.folder, public, signature, message + b" ")


def publisher_leaf(member: Http, namespace: str) -> x509.Certificate:
    """Ask for a publisher's certificate and wait until the worker has issued it."""
    place = f"/v1/namespaces/{namespace}/certificates"
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    csr = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    asked = member.post(place, {"csr": csr.public_bytes(serialization.Encoding.PEM).decode()})
    assert asked.status == 202, asked.body
    deadline = time.monotonic() + 60
    while (found := member.get(f"{place}/{asked.json()['id']}").json())["state"] != "issued":
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return x509.load_pem_x509_certificates(found["chain_pem"].encode())[0]


def payload_of(envelope: bytes) -> dict[str, Any]:
    """Return what an envelope carries, unverified."""
    found: dict[str, Any] = json.loads(b64decode(json.loads(envelope)["payload"]))
    return found
