"""Google's metadata server on this machine: one service account and its tokens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Metadata:
    """A running server; ``token`` is what it gives, ``scopes`` what was asked for."""

    environment: dict[str, str] = field(default_factory=dict)
    token: str = "ya29.first"
    scopes: list[str] = field(default_factory=list)


def _handler(metadata: Metadata) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.endswith("/token"):
                metadata.scopes += parse_qs(parts.query).get("scopes", [])
                body = {"access_token": metadata.token, "expires_in": 3600, "token_type": "Bearer"}
                self._reply(json.dumps(body), "application/json")
            elif "service-accounts" in parts.path:
                account = {"email": "worker@project.example", "scopes": [], "aliases": ["default"]}
                self._reply(json.dumps(account), "application/json")
            else:
                self._reply("project", "application/text")

        def _reply(self, text: str, kind: str) -> None:
            self.send_response(200)
            self.send_header("Metadata-Flavor", "Google")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    return Handler


@contextmanager
def metadata_server() -> Iterator[Metadata]:
    """Run the server; its environment points Google's clients at it."""
    metadata = Metadata()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(metadata))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_port}"
    metadata.environment = {"GCE_METADATA_HOST": address, "GCE_METADATA_IP": address}
    try:
        yield metadata
    finally:
        server.shutdown()
        server.server_close()
