"""A real server on this machine whose every path is a function over the raw connection."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from support.certificates import name_of, new_key


class Handler(BaseHTTPRequestHandler):
    """Answers by path; ``server.script`` says how."""

    protocol_version = "HTTP/1.1"
    server: Loopback

    def do_GET(self) -> None:
        with self.server.changed:
            self.server.asked.append((self.path, dict(self.headers)))
        play = self.server.script.get(self.path)
        if play is None:
            self.reply(404, b"")
        else:
            play(self)

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


Play = Callable[[Handler], None]


class Loopback(ThreadingHTTPServer):
    """The server; ``asked`` are the requests that came."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: dict[str, Play] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.changed = threading.Lock()
        self.scheme = "https" if context else "http"
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """A client that hung up is part of the play."""


@contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Run a server until the block ends."""
    server = Loopback(context)
    threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    ).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def body(data: bytes, status: int = 200, **headers: str) -> Play:
    """Answer whole."""
    return lambda handler: handler.reply(status, data, **headers)


def redirect(location: str) -> Play:
    """Answer with a redirect."""
    return body(b"", 302, Location=location)


def drip(head: bytes, piece: bytes, seconds: float = 0.05) -> Play:
    """Send ``head`` at once, then ``piece`` again and again, slowly, without an end."""

    def play(handler: Handler) -> None:
        handler.close_connection = True
        handler.wfile.write(head)
        for _ in range(400):
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(seconds)

    return play


@dataclass
class Turns:
    """Answers in turn; the last one again and again."""

    plays: list[Play]
    count: int = field(default=0)

    def __call__(self, handler: Handler) -> None:
        play = self.plays[min(self.count, len(self.plays) - 1)]
        self.count += 1
        play(handler)


def hang_up(handler: Handler) -> None:
    """Close without a word."""
    handler.close_connection = True


def _alternative(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(address))
    except ValueError:
        return x509.DNSName(address)


def tls(folder: Path, address: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """Return the context of a server at an address or a name, and what a client must trust."""
    from datetime import UTC, datetime

    key, name, now = new_key(), name_of("loopback"), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_alternative(address)]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
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
