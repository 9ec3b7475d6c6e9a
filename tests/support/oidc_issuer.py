"""An OIDC provider: discovery, keys, and a token endpoint that checks what it is sent.

It speaks HTTP on this machine, or stands behind the ``Web`` port where tests open no sockets.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from skreg.ports.web import WebAnswer


@dataclass
class Issuer:
    """One provider; ``claims`` go into the next id_token, ``lies`` change it last."""

    url: str = "http://127.0.0.1:9/oidc"
    client_id: str = "skreg"
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "u1"})
    lies: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k1"}))
    signs_with: ECKey | None = None
    basic: str | None = None
    challenges: dict[str, tuple[str, str]] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)

    def visit(self, authorization_url: str) -> str:
        """Log in as a browser would; return the query that goes to the callback."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(authorization_url).query).items()}
        assert asked["client_id"] == self.client_id
        assert asked["code_challenge_method"] == "S256"
        code = f"code{len(self.challenges)}"
        self.challenges[code] = (asked["code_challenge"], asked["nonce"])
        return f"state={asked['state']}&code={code}"

    def answer(self, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Any:
        """Return status and document for one request."""
        if path in self.documents:
            return 200, self.documents[path]
        if path.endswith("/.well-known/openid-configuration"):
            return 200, {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
            }
        if path.endswith("/keys"):
            return 200, KeySet([self.key]).as_dict(private=False)
        if path.endswith("/token"):
            return self._token(parse_qs(body.decode()), headers or {})
        return 404, {}

    def _token(self, form: dict[str, list[str]], headers: Mapping[str, str]) -> Any:
        if self.status != 200:
            return self.status, {"error": "invalid_grant"}
        self.basic = headers.get("Authorization")
        challenge, nonce = self.challenges.pop(form["code"][0])
        proof = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        assert urlsafe_b64encode(proof).rstrip(b"=").decode() == challenge
        now = int(time.time())
        claims = {"iss": self.url, "aud": self.client_id, "iat": now, "exp": now + 300}
        claims |= {"nonce": nonce, **self.claims, **self.lies}
        claims = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode({"alg": "ES256", "kid": "k1"}, claims, self.signs_with or self.key)
        return 200, {"id_token": token, "access_token": "x", "token_type": "bearer"}

    async def get(self, url: str, *, max_size: int, public_only: bool = False) -> WebAnswer:
        """Be the ``Web`` port."""
        status, document = self.answer(urlsplit(url).path)
        return WebAnswer(status, json.dumps(document).encode())

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebAnswer:
        """Be the ``Web`` port."""
        status, document = self.answer(urlsplit(url).path, body, headers)
        return WebAnswer(status, json.dumps(document).encode())


@contextmanager
def serving(issuer: Issuer) -> Iterator[Issuer]:
    """Serve an issuer over HTTP on this machine; its ``url`` says where."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*issuer.answer(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self._send(*issuer.answer(self.path, body, dict(self.headers.items())))

        def _send(self, status: int, document: Any) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}/oidc"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
