"""Publishing: how long until an upload is accepted for good, beside verdaccio's publish.

Both get the same twenty kilobytes a version, first of new packages, then further versions of
them, one after the other over one kept connection. Ours has answered when archive and rows are on
disk (fsync, a synchronous commit) and the shape is checked; verdaccio answers when it has written
its files.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from bench.peers import installed_verdaccio, verdaccio
from bench.registries import Publish, peer_publisher, publisher, skreg
from bench.report import Figures, require, table
from bench.uploads import Upload, skills

KINDS = {"new package": 1, "new version": 4}
"""What is published -> rounds of it, in this order."""
UPLOADS = 36
"""In a round, one a package; all rounds together are fewer than a namespace may make in a day."""
_TOOLS = {"node": "Node.js 20 or later", "npm": "Node.js 20 or later"}

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
            ours = stack.enter_context(skreg(folder)).server
            theirs = stack.enter_context(verdaccio(folder / "peer", folder, "/-/ping"))
            publishers = publisher(ours), peer_publisher(theirs)
            cpu = {server.name: -server.cpu_seconds() for server in (ours, theirs)}
            spent = _measure(*publishers)
            for server in (ours, theirs):
                cpu[server.name] += server.cpu_seconds()
    return _figures(spent, cpu)


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
