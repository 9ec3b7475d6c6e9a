"""Reads: index documents and archives from skreg, verdaccio and nginx, interleaved in one run."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median

from bench.corpus import Corpus, Paths, lay
from bench.load import Load, medians, press
from bench.peers import installed_verdaccio, nginx, verdaccio
from bench.processes import Server, free_port, running
from bench.report import Figures, require, table
from bench.served import environment

ROUNDS = 3
SECONDS = 4
WARM_UP = 1
SETTLE = 5
KINDS = {
    "index": ("skreg", "verdaccio", "nginx"),
    "index_newest": ("skreg", "nginx"),
    "archive20k": ("skreg", "verdaccio", "nginx"),
    "archive2m": ("skreg", "verdaccio", "nginx"),
}
"""Kind of object -> the servers that are asked for it, in this order."""
_TOOLS = {
    "wrk": "Debian's wrk",
    "nginx": "Debian's nginx-light",
    "node": "Node.js 20 or later",
    "npm": "Node.js 20 or later",
}

HEAD = ("rps", "p50 ms", "p99 ms", "CPU us", "bytes", "failed")

Loads = dict[tuple[str, str], list[Load]]
Memory = dict[str, dict[str, float]]


def run() -> Figures:
    """Measure, print the table, return the figures.

    Raises:
        Absent: wrk, nginx, Node.js or verdaccio is missing.
    """
    require(_TOOLS)
    installed_verdaccio()
    with tempfile.TemporaryDirectory(prefix="skreg-bench-") as name:
        folder = Path(name)
        corpus = lay(folder)
        starts = [_first_answer(corpus) for _ in range(ROUNDS)]
        loads, memory = _measure(corpus, folder)
    figures = _figures(loads, memory)
    figures["first_answer_seconds"] = round(median(starts), 3)
    print(f"first answer after {median(starts):.2f} s")
    return figures


def skreg(corpus: Corpus) -> AbstractContextManager[Server]:
    """Start the api process: one granian worker, the read plane before the rest."""
    port = free_port()
    return running(
        "skreg",
        [sys.executable, "-m", "bench.served"],
        port,
        corpus.ours.index[0],
        environment=environment(corpus.read_plane, corpus.read_plane.parent / "staging", port),
        folder=Path(__file__).parents[1],
    )


def _first_answer(corpus: Corpus) -> float:
    with skreg(corpus) as server:
        return server.first_answer


def _measure(corpus: Corpus, folder: Path) -> tuple[Loads, Memory]:
    loads: Loads = {}
    memory: Memory = {}
    with ExitStack() as stack:
        ours = stack.enter_context(skreg(corpus))
        peer = stack.enter_context(verdaccio(corpus.verdaccio, folder, corpus.theirs.index[0]))
        static = stack.enter_context(nginx(corpus.read_plane, folder, corpus.ours.index[0]))
        sides = {"skreg": (ours, corpus.ours), "verdaccio": (peer, corpus.theirs)}
        sides["nginx"] = (static, corpus.ours)
        time.sleep(SETTLE)  # the rest of the API is imported behind the first answer
        _weigh(sides, memory, "idle")
        for seconds, counted in [(WARM_UP, False)] + [(SECONDS, True)] * ROUNDS:
            for kind, name in _turns():
                server, paths = sides[name]
                load = press(server, _paths(paths, kind), folder, seconds)
                if counted:
                    loads.setdefault((kind, name), []).append(load)
                _weigh({name: (server, paths)}, memory, "peak")
    return loads, memory


def _turns() -> Iterator[tuple[str, str]]:
    return ((kind, name) for kind, names in KINDS.items() for name in names)


def _paths(paths: Paths, kind: str) -> list[str]:
    listed: list[str] = getattr(paths, kind)
    return listed


def _weigh(sides: dict[str, tuple[Server, Paths]], memory: Memory, moment: str) -> None:
    for name, (server, _) in sides.items():
        weights = memory.setdefault(name, {})
        for unit, value in (("rss_mb", server.rss_mb()), ("pss_mb", server.pss_mb())):
            key = f"{moment}_{unit}"
            weights[key] = round(max(value, weights.get(key, 0.0)), 1)


def _figures(rounds: Loads, memory: Memory) -> Figures:
    loads = {key: medians(each) for key, each in rounds.items()}
    print(table(("object", "server", *HEAD), _rows(loads)))
    print(table(("server", *next(iter(memory.values()))), _weights(memory)))
    ratios = _ratios(rounds)
    ratios["rss_vs_verdaccio"] = memory["skreg"]["peak_rss_mb"] / memory["verdaccio"]["peak_rss_mb"]
    print(table(("ours over theirs", "ratio"), list(ratios.items())))
    read: Figures = {"memory": memory}
    for (kind, name), load in loads.items():
        read[f"{kind}.{name}"] = {key: round(value, 3) for key, value in asdict(load).items()}
    return {"read": read, "ratios": {key: round(value, 3) for key, value in ratios.items()}}


def _rows(loads: dict[tuple[str, str], Load]) -> list[list[object]]:
    return [[kind, name, *asdict(load).values()] for (kind, name), load in loads.items()]


def _weights(memory: Memory) -> list[list[object]]:
    return [[name, *weights.values()] for name, weights in memory.items()]


def _ratios(rounds: Loads) -> dict[str, float]:
    pairs = [(kind, kind, name) for kind, names in KINDS.items() for name in names[1:]]
    pairs.append(("index_newest", "index", "verdaccio"))
    ratios: dict[str, float] = {}
    for kind, their_kind, name in pairs:
        ours, theirs = rounds[kind, "skreg"], rounds[their_kind, name]
        ratios[f"{kind}_vs_{name}"] = _paired(
            [(a.rps, b.rps) for a, b in zip(ours, theirs, strict=True)]
        )
        p99s = [(a.p99_ms, b.p99_ms) for a, b in zip(ours, theirs, strict=True)]
        ratios[f"{kind}_p99_vs_{name}"] = _paired(p99s)
    return ratios


def _paired(figures: list[tuple[float, float]]) -> float:
    """Return the median of each round's ratio: neighbours in time share the machine's noise."""
    return median(ours / theirs for ours, theirs in figures)
