"""CloudFront on this machine: the two distributions at their own names, over TLS.

Clients reach it as a proxy (``HTTPS_PROXY``) and believe its CA (``SSL_CERT_FILE``), so that they
use the very URLs which the program put into the environment.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from support.certificates import name_of, new_key

DROPPED = {"connection", "transfer-encoding", "content-length", "keep-alive", "server", "date"}


@dataclass
class Answer:
    """What an origin answered."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class Origin(Protocol):
    """What stands behind a distribution."""

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request."""
        ...


@dataclass
class Bucket:
    """An S3 origin; with ListBucket a missing object is 404."""

    client: Any
    name: str

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Read one object."""
        key = unquote(urlsplit(path).path).lstrip("/")
        try:
            found = self.client.get_object(Bucket=self.name, Key=key)
        except ClientError as error:
            return Answer(int(error.response["ResponseMetadata"]["HTTPStatusCode"]))
        told = [("ETag", found["ETag"]), ("Content-Type", found["ContentType"])]
        if "CacheControl" in found:
            told.append(("Cache-Control", found["CacheControl"]))
        return Answer(200, told, found["Body"].read())


@dataclass
class Balancer:
    """The load balancer before the api: each target in turn, if it takes the connection."""

    ports: list[int] = field(default_factory=list)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Pass the request on."""
        if self.ports:
            self.ports.append(self.ports.pop(0))
        for port in list(self.ports):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                connection.connect()
            except OSError:
                continue
            return _passed_on(connection, method, path, headers, body)
        return Answer(503, [("Content-Type", "text/plain")], b"no healthy target")


def _passed_on(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Answer:
    told = {name: value for name, value in headers.items() if name.lower() not in DROPPED}
    told |= {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"}
    try:
        connection.request(method, path, body or None, told)
        got = connection.getresponse()
        return Answer(got.status, got.getheaders(), got.read())
    except OSError:
        return Answer(502, [("Content-Type", "text/plain")], b"the target hung up")
    finally:
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Edge

    def do_CONNECT(self) -> None:
        host = self.path.partition(":")[0]
        if host not in self.server.origins:
            self.send_error(502, f"{host} is no distribution of this twin")
            return
        self.send_response(200)
        self.end_headers()
        try:
            self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb", -1)
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False
        while not self.close_connection:
            self.handle_one_request()

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        origin = self.server.origins[self.headers["Host"].partition(":")[0]]
        answer = origin.ask(self.command, self.path, dict(self.headers.items()), body)
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Edge(ThreadingHTTPServer):
    """Both distributions, by host name."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, origins: Mapping[str, Origin], folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.origins = origins
        self.context, self.authority = _tls(folder, list(origins))

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to meet these distributions instead of Amazon's."""
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.server_address[1]}",
            "SSL_CERT_FILE": str(self.authority),
        }

    def handle_error(self, *_: object) -> None:
        """A client that hung up is no matter."""


@contextmanager
def running(origins: Mapping[str, Origin], folder: Path) -> Iterator[Edge]:
    """Run the edge until the block ends."""
    edge = Edge(origins, folder)
    threading.Thread(target=edge.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield edge
    finally:
        edge.shutdown()
        edge.server_close()


def _tls(folder: Path, hosts: list[str]) -> tuple[ssl.SSLContext, Path]:
    key, name, now = new_key(), name_of("edge"), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "edge.pem", folder / "edge.key"
    public.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public
