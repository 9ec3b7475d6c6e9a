"""Publishing: how long until an upload is accepted for good, beside verdaccio's publish.

Both get the same twenty kilobytes a version, first of new packages, then further versions of
them, one after the other over one kept connection. Ours has answered when archive and rows are on
disk (fsync, a synchronous commit) and the shape is checked; verdaccio answers when it has written
its files.
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
from bench.uploads import NAMESPACE, Upload, multipart, peer_document, skills
from skreg import embedded
from skreg.bootstrap import open_worker
from skreg.db.migrate import migrate
from skreg.pki.local import local_key_uris
from skreg.settings import load_worker_settings
from skreg.worker import run_worker

KINDS = {"new package": 1, "new version": 4}
"""What is published -> rounds of it, in this order."""
UPLOADS = 36
"""In a round, one a package; all rounds together are fewer than a namespace may make in a day."""
_PASSWORD = "correct horse battery staple"
_TOOLS = {"node": "Node.js 20 or later", "npm": "Node.js 20 or later"}

Publish = Callable[[Upload], None]
Spent = dict[str, dict[str, list[float]]]
"""Kind -> server -> milliseconds of each upload."""


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
        settings |= {"DATABASE_URL": database.url()}
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

    def publish(upload: Upload) -> None:
        body, kind = multipart(upload.archive)
        sent = {"authorization": f"Bearer {token}", "content-type": kind}
        path = f"/v1/packages/{NAMESPACE}/{upload.name}/publish"
        _ask(connection, "POST", path, body, 202, **sent)

    return publish


def _peer_publisher(server: Server) -> Publish:
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


def _measure(ours: Publish, theirs: Publish) -> Spent:
    """Publish in turn here and there: what else the machine does falls on both."""
    rounds = [kind for kind, count in KINDS.items() for _ in range(count)]
    made = [(kind, skills(UPLOADS, f"1.{turn}.0")) for turn, kind in enumerate(rounds)]
    spent: Spent = {kind: {"skreg": [], "verdaccio": []} for kind in KINDS}
    for kind, uploads in made:
        for upload in uploads:
            spent[kind]["skreg"].append(_timed(ours, upload))
            spent[kind]["verdaccio"].append(_timed(theirs, upload))
    return spent


def _timed(publish: Publish, upload: Upload) -> float:
    begun = time.perf_counter()
    publish(upload)
    return (time.perf_counter() - begun) * 1000


def _figures(spent: Spent, cpu: dict[str, float]) -> Figures:
    publish: dict[str, dict[str, float]] = {}
    for kind, servers in spent.items():
        for name, times in servers.items():
            figures = {"best_ms": min(times), "p50_ms": median(times), "p95_ms": _p95(times)}
            publish[f"{kind}, {name}"] = {key: round(value, 3) for key, value in figures.items()}
    head = ("what", *next(iter(publish.values())))
    print(table(head, [[name, *figures.values()] for name, figures in publish.items()]))
    uploads = UPLOADS * sum(KINDS.values())
    for name, seconds in cpu.items():
        print(f"CPU of {name}: {seconds * 1000 / uploads:.1f} ms a publish")
    ratios = {kind: median(at["skreg"]) / median(at["verdaccio"]) for kind, at in spent.items()}
    for kind, ratio in ratios.items():
        print(f"{kind} accepted: {ratio:.2f} x verdaccio's time")
    return {
        "publish": publish,
        "ratios": {
            "publish_vs_verdaccio": round(ratios["new version"], 3),
            "publish_new_package_vs_verdaccio": round(ratios["new package"], 3),
        },
    }


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[18]
