"""Publishing: how long until an upload is accepted for good, beside verdaccio's publish.

Both get the same twenty kilobytes a package, a new package every time, one after the other over
one kept connection. Ours has answered when archive and rows are on disk (fsync, a synchronous
commit) and the shape is checked; verdaccio answers when it has written its files.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import http.client
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

from bench.peers import installed_verdaccio, verdaccio
from bench.processes import Server, free_port, running
from bench.report import Figures, require, table
from bench.served import environment
from bench.uploads import NAMESPACE, multipart, peer_document, skills
from skreg import embedded
from skreg.bootstrap import open_worker
from skreg.db.migrate import migrate
from skreg.pki.local import local_key_uris
from skreg.settings import load_worker_settings
from skreg.worker import run_worker

ROUNDS = 5
UPLOADS = 34
WARM_UP = 20
"""Together fewer uploads than a namespace may make in a day."""
_PASSWORD = "correct horse battery staple"
_TOOLS = {"node": "Node.js 20 or later", "npm": "Node.js 20 or later"}

Publish = Callable[[str, bytes], None]


def run() -> Figures:
    """Measure, print the table, return the figures.

    Raises:
        Absent: Node.js or verdaccio is missing.
    """
    require(_TOOLS)
    installed_verdaccio()
    with tempfile.TemporaryDirectory(prefix="skreg-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root the database has a user of its own
        with ExitStack() as stack:
            ours = stack.enter_context(_skreg(folder))
            theirs = stack.enter_context(verdaccio(folder / "peer", folder, "/-/ping"))
            publishers = _publisher(ours), _peer_publisher(theirs)
            cpu = {server.name: -server.cpu_seconds() for server in (ours, theirs)}
            spent = _measure(*publishers)
            for server in (ours, theirs):
                cpu[server.name] += server.cpu_seconds()
    return _figures(spent, cpu)


@contextmanager
def _skreg(folder: Path) -> Iterator[Server]:
    """Run database and api process; the registry has made its keys, its worker rests."""
    database = embedded.start(folder / "database")
    try:
        migrate(database.url())
        settings = environment(folder / "storage", folder / "staging", port := free_port())
        settings |= {"DATABASE_URL": database.url(), "LOG_LEVEL": "warning"}
        (keys := folder / "keys").mkdir()
        asyncio.run(_ceremony(settings, keys))
        command = [sys.executable, "-m", "bench.served"]
        root = Path(__file__).parents[1]
        with running("skreg", command, port, "/readyz", environment=settings, folder=root) as one:
            yield one
    finally:
        database.stop()


async def _ceremony(settings: dict[str, str], keys: Path) -> None:
    uris = local_key_uris(keys)
    held = {
        "HSM_BACKEND": "software",
        "ROOT_KEY_URI": uris["root"],
        "REGISTRY_CA_KEY_URI": uris["registry-ca"],
        "PUBLISHER_CA_KEY_URI": uris["publisher-ca"],
        "SIGNING_KEY_URI": uris["signing"],
        "LOG_KEY_URI": uris["log"],
    }
    container = open_worker(load_worker_settings(settings | held))
    await run_worker(container, wait=False)
    await container.close()


def _publisher(server: Server) -> Publish:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    account = {"username": NAMESPACE, "password": _PASSWORD}
    _ask(connection, "POST", "/v1/auth/signup", json.dumps(account).encode(), 201)
    said = _ask(connection, "POST", "/v1/auth/login", json.dumps(account).encode(), 200)
    session = json.loads(said)["access_token"]
    wish = json.dumps({"name": "bench", "scopes": ["publish"]}).encode()
    said = _ask(connection, "POST", "/v1/tokens", wish, 201, authorization=f"Bearer {session}")
    token = json.loads(said)["token"]

    def publish(name: str, archive: bytes) -> None:
        body, kind = multipart(archive)
        sent = {"authorization": f"Bearer {token}", "content-type": kind}
        path = f"/v1/packages/{NAMESPACE}/{name}/publish"
        _ask(connection, "POST", path, body, 202, **sent)

    return publish


def _peer_publisher(server: Server) -> Publish:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def publish(name: str, archive: bytes) -> None:
        digests = hashlib.sha1(archive).hexdigest(), hashlib.sha512(archive).digest()
        integrity = "sha512-" + base64.b64encode(digests[1]).decode()
        document = peer_document(name, archive, digests[0], integrity)
        _ask(connection, "PUT", f"/{name}", json.dumps(document).encode(), 201)

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


def _measure(ours: Publish, theirs: Publish) -> dict[str, list[list[float]]]:
    """Return milliseconds by server and round; the warm-up is not among them."""
    made = list(skills(WARM_UP + ROUNDS * UPLOADS))
    spent: dict[str, list[list[float]]] = {"skreg": [], "verdaccio": []}
    for name, archive in made[:WARM_UP]:
        ours(name, archive)
        theirs(name, archive)
    for start in range(WARM_UP, len(made), UPLOADS):
        batch = made[start : start + UPLOADS]
        for name in spent:
            spent[name].append([])
        for upload in batch:  # in turn: what else the machine does falls on both
            spent["skreg"][-1].append(_timed(ours, *upload))
            spent["verdaccio"][-1].append(_timed(theirs, *upload))
    return spent


def _timed(publish: Publish, name: str, archive: bytes) -> float:
    begun = time.perf_counter()
    publish(name, archive)
    return (time.perf_counter() - begun) * 1000


def _figures(spent: dict[str, list[list[float]]], cpu: dict[str, float]) -> Figures:
    uploads = WARM_UP + ROUNDS * UPLOADS
    publish = {
        name: {
            "best_ms": round(min(min(times) for times in rounds), 3),
            "p50_ms": round(median(median(times) for times in rounds), 3),
            "p95_ms": round(median(quantiles(times, n=20)[18] for times in rounds), 3),
            "cpu_ms": round(cpu[name] * 1000 / uploads, 3),
        }
        for name, rounds in spent.items()
    }
    pairs = zip(spent["skreg"], spent["verdaccio"], strict=True)
    ratio = median(median(ours) / median(theirs) for ours, theirs in pairs)
    head = ("server", *next(iter(publish.values())))
    print(table(head, [[name, *figures.values()] for name, figures in publish.items()]))
    print(f"publish accepted: {ratio:.2f} x verdaccio's time")
    return {"publish": publish, "ratios": {"publish_vs_verdaccio": round(ratio, 3)}}
