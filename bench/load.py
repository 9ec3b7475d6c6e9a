"""Load from wrk: many connections over a list of paths, for a bounded time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.processes import Server
from bench.report import which

CONNECTIONS = 16

_SCRIPT = """
local requests, position = {}, 0
function init(args)
  for line in io.lines(args[1]) do requests[#requests + 1] = wrk.format("GET", line) end
end
function request()
  position = position % #requests + 1
  return requests[position]
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"micros":%d,"p50":%f,"p99":%f,"bytes":%d,"failed":%d}',
    summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """One run: requests a second, latencies in ms, server CPU microseconds and bytes a request."""

    rps: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    bytes: float
    failed: int


def press(server: Server, paths: Sequence[str], folder: Path, seconds: int) -> Load:
    """Ask ``server`` for the paths in turn, over and over, for ``seconds``."""
    script, listed = folder / "load.lua", folder / "paths.txt"
    script.write_text(_SCRIPT)
    listed.write_text("\n".join(paths) + "\n")
    cpu = server.cpu_seconds()
    said = _wrk(server.port, script, listed, seconds)
    cpu = server.cpu_seconds() - cpu
    count = max(1, said["requests"])
    return Load(
        rps=said["requests"] / said["micros"] * 1e6,
        p50_ms=said["p50"] / 1e3,
        p99_ms=said["p99"] / 1e3,
        cpu_us=cpu / count * 1e6,
        bytes=said["bytes"] / count,
        failed=said["failed"],
    )


def _wrk(port: int, script: Path, listed: Path, seconds: int) -> dict[str, int]:
    command = [
        which("wrk") or "wrk",
        "-t1",
        f"-c{CONNECTIONS}",
        f"-d{seconds}s",
        "--timeout",
        "10s",
    ]
    command += ["-s", str(script), f"http://127.0.0.1:{port}", "--", str(listed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True)
    said: dict[str, int] = json.loads(done.stderr[done.stderr.rindex("{") :])
    return said


def medians(loads: Sequence[Load]) -> Load:
    """Return the median of each figure; failures are added up."""
    return Load(
        rps=median(load.rps for load in loads),
        p50_ms=median(load.p50_ms for load in loads),
        p99_ms=median(load.p99_ms for load in loads),
        cpu_us=median(load.cpu_us for load in loads),
        bytes=median(load.bytes for load in loads),
        failed=sum(load.failed for load in loads),
    )
