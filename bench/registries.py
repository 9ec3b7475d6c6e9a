"""Registries to publish to: ours with its database and keys, and verdaccio."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Server, free_port, running
from bench.served import environment
from bench.uploads import NAMESPACE, Upload, multipart, peer_document
from skreg import embedded
from skreg.bootstrap import open_worker
from skreg.db.migrate import migrate
from skreg.pki.local import local_key_uris
from skreg.settings import load_worker_settings
from skreg.worker import run_worker

Publish = Callable[[Upload], None]
_PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Registry:
    """Our api process, and the settings with which a worker does what waits."""

    server: Server
    settings: dict[str, str]

    def work(self) -> None:
        """Publish everything that was taken."""
        asyncio.run(_work(self.settings))


@contextmanager
def skreg(folder: Path) -> Iterator[Registry]:
    """Run database and api process; the registry has made its keys, its worker rests."""
    database = embedded.start(folder / "database")
    try:
        migrate(database.url())
        settings = environment(folder / "storage", folder / "staging", port := free_port())
        settings |= {"DATABASE_URL": database.url()}
        (keys := folder / "keys").mkdir()
        workers = settings | _keys(keys)
        asyncio.run(_work(workers))
        command = [sys.executable, "-m", "bench.served"]
        root = Path(__file__).parents[1]
        with running("skreg", command, port, "/readyz", environment=settings, folder=root) as one:
            yield Registry(one, workers)
    finally:
        database.stop()


def _keys(folder: Path) -> dict[str, str]:
    uris = local_key_uris(folder)
    return {
        "HSM_BACKEND": "software",
        "ROOT_KEY_URI": uris["root"],
        "REGISTRY_CA_KEY_URI": uris["registry-ca"],
        "PUBLISHER_CA_KEY_URI": uris["publisher-ca"],
        "SIGNING_KEY_URI": uris["signing"],
        "LOG_KEY_URI": uris["log"],
    }


async def _work(settings: dict[str, str]) -> None:
    container = open_worker(load_worker_settings(settings))
    await run_worker(container, wait=False)
    await container.close()


def publisher(server: Server) -> Publish:
    """Sign up, log in, make a token; return what publishes with it over one kept connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    account = {"username": NAMESPACE, "password": _PASSWORD}
    _ask(connection, "POST", "/v1/auth/signup", json.dumps(account).encode(), 201)
    said = _ask(connection, "POST", "/v1/auth/login", json.dumps(account).encode(), 200)
    session = json.loads(said)["access_token"]
    wish = json.dumps({"name": "bench", "scopes": ["publish"]}).encode()
    said = _ask(connection, "POST", "/v1/tokens", wish, 201, authorization=f"Bearer {session}")
    token = json.loads(said)["token"]

    def publish(upload: Upload) -> None:
        body, kind = multipart(upload.archive)
        sent = {"authorization": f"Bearer {token}", "content-type": kind}
        path = f"/v1/packages/{NAMESPACE}/{upload.name}/publish"
        _ask(connection, "POST", path, body, 202, **sent)

    return publish


def peer_publisher(server: Server) -> Publish:
    """Return what publishes to verdaccio as npm does, over one kept connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def publish(upload: Upload) -> None:
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(upload.archive).digest()).decode()
        document = peer_document(upload, hashlib.sha1(upload.archive).hexdigest(), integrity)
        _ask(connection, "PUT", f"/{upload.name}", json.dumps(document).encode(), 201)

    return publish


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes,
    expected: int,
    **headers: str,
) -> bytes:
    sent = {"content-type": "application/json"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != expected:
        raise RuntimeError(f"{method} {path} answered {answer.status}: {said[:500]!r}")
    return said
