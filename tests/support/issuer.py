"""A CI provider's OIDC issuer on this machine: discovery and JWKS over HTTP, signed tokens."""

from __future__ import annotations

import json
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from support import loopback
from support.loopback import Loopback

AUDIENCE = "http://registry.test"
DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/jwks"


def b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key a name and test session: making one takes a moment."""
    return rsa.generate_private_key(65537, bits)


def jwk(key_id: str, key: rsa.RSAPrivateKey, **changed: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)
    found = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key_id, "e": "AQAB", "n": b64url(n)}
    return found | changed


def sign(
    claims: Mapping[str, Any] | bytes,
    key: rsa.RSAPrivateKey,
    key_id: str | None = "k1",
    **header: Any,
) -> str:
    """Return a compact token; ``header`` is added to (or replaces) what a provider sends."""
    head = {"typ": "JWT", "alg": "RS256", "kid": key_id} | header
    head = {name: value for name, value in head.items() if value is not None}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signed = f"{b64url(json.dumps(head).encode())}.{b64url(payload)}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{b64url(signature)}"


@dataclass
class Issuer:
    """A running issuer; ``keys`` is what its JWKS shows."""

    server: Loopback
    name: str
    keys: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def key(self) -> rsa.RSAPrivateKey:
        return rsa_key(self.name)

    def asked(self, path: str = JWKS) -> int:
        """How often a path was asked for."""
        return sum(found == path for found, _ in self.server.asked)

    def times(self, **changed: Any) -> dict[str, Any]:
        now = int(time.time())
        found = {
            "iss": self.url,
            "aud": AUDIENCE,
            "jti": uuid.uuid4().hex,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
        }
        return found | changed

    def github(self, **changed: Any) -> dict[str, Any]:
        """The claims of a GitHub job, as GitHub sends them; None leaves one out."""
        return _present(self.times() | GITHUB | changed)

    def gitlab(self, **changed: Any) -> dict[str, Any]:
        """The claims of a GitLab job."""
        host = self.url.partition("://")[2]
        place = f"{host}/acme-group/tools/demo//.gitlab-ci.yml@refs/heads/main"
        return _present(self.times() | GITLAB | {"ci_config_ref_uri": place} | changed)

    def sign(self, claims: Mapping[str, Any], **header: Any) -> str:
        return sign(claims, self.key, **header)


def _present(claims: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


GITHUB: dict[str, Any] = {
    "sub": "repo:Acme-Corp/demo:ref:refs/heads/main",
    "repository": "Acme-Corp/demo",
    "repository_owner": "Acme-Corp",
    "repository_owner_id": "4711",
    "repository_id": "815",
    "repository_visibility": "public",
    "job_workflow_ref": "Acme-Corp/demo/.github/workflows/release.yml@refs/heads/main",
    "job_workflow_sha": "ab" * 20,
    "workflow": "release",
    "workflow_ref": "Acme-Corp/demo/.github/workflows/release.yml@refs/heads/main",
    "workflow_sha": "ab" * 20,
    "ref": "refs/heads/main",
    "ref_type": "branch",
    "ref_protected": "true",
    "sha": "ab" * 20,
    "event_name": "push",
    "actor": "alice",
    "actor_id": "1",
    "run_id": "100",
    "run_number": "1",
    "run_attempt": "1",
    "runner_environment": "github-hosted",
    "base_ref": "",
    "head_ref": "",
}
GITLAB: dict[str, Any] = {
    "sub": "project_path:acme-group/tools/demo:ref_type:branch:ref:main",
    "project_path": "acme-group/tools/demo",
    "project_id": "20",
    "namespace_id": "72",
    "namespace_path": "acme-group/tools",
    "user_id": "1",
    "user_login": "alice",
    "pipeline_id": "574",
    "pipeline_source": "push",
    "job_id": "302",
    "ref": "main",
    "ref_path": "refs/heads/main",
    "ref_type": "branch",
    "ref_protected": "true",
    "runner_environment": "gitlab-hosted",
    "sha": "cd" * 20,
}


@contextmanager
def running(name: str = "github") -> Iterator[Issuer]:
    """Run an issuer until the block ends; its key is one of its own, with the id ``k1``."""
    with loopback.running() as server:
        issuer = Issuer(server, name, [jwk("k1", rsa_key(name))])

        def discovery(handler: loopback.Handler) -> None:
            told = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}{JWKS}"}
            handler.reply(200, json.dumps(told).encode())

        def keys(handler: loopback.Handler) -> None:
            handler.reply(200, json.dumps({"keys": issuer.keys}).encode())

        server.script = {DISCOVERY: discovery, JWKS: keys}
        yield issuer
