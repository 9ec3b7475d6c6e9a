"""Azure Key Vault on this machine: keys and secrets over TLS, and a managed identity's tokens."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from support.faults import Faults

Answer = tuple[int, dict[str, Any]]


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class VaultKey:
    """One key version."""

    key: ec.EllipticCurvePrivateKey
    kind: str = "EC-HSM"
    curve: str = "P-256"
    enabled: bool = True
    expires: int | None = None
    operations: tuple[str, ...] = ("sign", "verify")


@dataclass
class KeyVault:
    """A running vault: ``keys`` by ``name/version``, ``secrets`` by name.

    ``status`` is answered instead of a key while it is set.
    """

    address: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    keys: dict[str, VaultKey] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    disabled_secrets: set[str] = field(default_factory=set)
    faults: Faults = field(default_factory=Faults)
    status: Answer | None = None

    def create(self, name: str, **facts: Any) -> str:
        """Add a version to a key; returns its URI."""
        version = f"{len(self.keys):032x}"
        curve = ec.SECP384R1() if facts.get("curve") == "P-384" else ec.SECP256R1()
        self.keys[f"{name}/{version}"] = VaultKey(ec.generate_private_key(curve), **facts)
        return f"azurekms://{self.address}/keys/{name}/{version}"

    def key_of(self, uri: str) -> VaultKey:
        """The key version that a URI names."""
        return self.keys[uri.partition("/keys/")[2]]

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Answer:
        """Answer one authenticated request."""
        kind, _, rest = path.strip("/").partition("/")
        if kind == "secrets":
            return self._secret(method, rest.strip("/"), body)
        name = rest.removesuffix("/sign")
        found = self.keys.get(name)
        if found is None:
            return error(404, "KeyNotFound", f"{name} was not found")
        if rest != name:
            return self._sign(name, found, body)
        if not found.enabled:
            return error(403, "Forbidden", "Operation get is not allowed", "KeyDisabled")
        return self.status or (200, self._bundle(name, found))

    def _bundle(self, name: str, found: VaultKey) -> dict[str, Any]:
        numbers = found.key.public_key().public_numbers()
        size = (found.key.key_size + 7) // 8
        return {
            "key": {
                "kid": self.faults.answer_as or f"https://{self.address}/keys/{name}",
                "kty": found.kind,
                "crv": found.curve,
                "key_ops": list(found.operations),
                "x": b64url(numbers.x.to_bytes(size, "big")),
                "y": b64url(numbers.y.to_bytes(size, "big")),
            },
            "attributes": {"enabled": found.enabled, "exp": found.expires},
        }

    def _sign(self, name: str, found: VaultKey, body: dict[str, Any]) -> Answer:
        self.faults.requests.append("sign")
        if self.faults.throttled():
            return error(429, "Throttled", "too many requests")
        if not found.enabled:
            return error(403, "Forbidden", "Operation sign is not allowed", "KeyDisabled")
        if body["alg"] != "ES256":
            return error(400, "BadParameter", "the algorithm does not fit the key")
        der = found.key.sign(unb64url(body["value"]), ec.ECDSA(Prehashed(hashes.SHA256())))
        raw = b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(der))
        kid = self.faults.answer_as or f"https://{self.address}/keys/{name}"
        return 200, {"kid": kid, "value": b64url(self.faults.changed(raw))}

    def _secret(self, method: str, name: str, body: dict[str, Any]) -> Answer:
        if method == "PUT":
            self.secrets[name] = body["value"]
        if name in self.disabled_secrets:
            return error(403, "Forbidden", "the secret is disabled", "SecretDisabled")
        if name not in self.secrets:
            return error(404, "SecretNotFound", f"{name} was not found")
        url = f"https://{self.address}/secrets/{name}/1"
        return 200, {"value": self.secrets[name], "id": url, "attributes": {"enabled": True}}


def error(status: int, code: str, message: str, inner: str | None = None) -> Answer:
    detail: dict[str, Any] = {"code": code, "message": message}
    if inner:
        detail["innererror"] = {"code": inner}
    return status, {"error": detail}


def _handler(vault: KeyVault) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PUT(self) -> None:
            self._serve()

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.partition("?")[0]
            if path == "/identity":
                self._reply(200, {"access_token": "t", "expires_on": str(int(time.time()) + 3600)})
            elif "Authorization" not in self.headers:
                self._reply(401, {}, challenge=True)
            else:
                self._reply(*vault.answer(self.command, path, json.loads(raw or b"{}")))

        def _reply(self, status: int, body: dict[str, Any], *, challenge: bool = False) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            if challenge:
                where = "https://login.microsoftonline.com/tenant"
                self.send_header(
                    "WWW-Authenticate",
                    f'Bearer authorization="{where}", resource="https://vault.azure.net"',
                )
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    return Handler


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "keyvault.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@contextmanager
def key_vault(folder: Path) -> Iterator[KeyVault]:
    """Run a vault, and an identity endpoint without TLS as containers have it."""
    vault = KeyVault()
    pem = _certificate(folder)
    secure = ThreadingHTTPServer(("127.0.0.1", 0), _handler(vault))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    identity = ThreadingHTTPServer(("127.0.0.1", 0), _handler(vault))
    for server in (secure, identity):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    vault.address = f"127.0.0.1:{secure.server_port}"
    vault.environment = {
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{identity.server_port}/identity",
        "IDENTITY_HEADER": "secret",
        "REQUESTS_CA_BUNDLE": str(pem),
    }
    try:
        yield vault
    finally:
        for server in (secure, identity):
            server.shutdown()
            server.server_close()
