"""Real ``skreg`` processes: ``up`` as a whole, or api and worker apart."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.asgi import multipart

SKREG = [sys.executable, "-m", "skreg"]
NO_SIGNING = Path(__file__).parent / "no_signing"
"""On the import path of every process that the suites start: the API's cannot sign."""
_PASSED = ("PATH", "HOME", "LANG")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Answer:
    """What a request got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Http:
    """Asks one registry; follows no redirect."""

    url: str
    token: str | None = None

    def __call__(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> Answer:
        headers = {"content-type": kind}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        opener = urllib.request.build_opener(_Stay)
        try:
            with opener.open(request, timeout=20) as found:
                return Answer(
                    found.status, {k.lower(): v for k, v in found.headers.items()}, found.read()
                )
        except urllib.error.HTTPError as error:
            return Answer(
                error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()
            )

    def get(self, path: str) -> Answer:
        return self("GET", path)

    def post(self, path: str, content: Any) -> Answer:
        return self("POST", path, json.dumps(content).encode())

    def upload(self, path: str, data: bytes) -> Answer:
        body, kind = multipart(data)
        return self("POST", path, body, kind)

    def sign_up(self, username: str, password: str = "correct horse battery") -> Http:
        body = {"username": username, "password": password}
        assert self.post("/v1/auth/signup", body).status == 201
        session = self.post("/v1/auth/login", body)
        return Http(self.url, session.json()["access_token"])

    def wait_for(self, package: str, version: str, state: str = "published") -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.get(f"/v1/packages/{package}/{version}/status")
            if found.status == 200 and found.json()["state"] == state:
                answer: dict[str, Any] = found.json()
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{package}@{version} is not {state}: {found.body!r}")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass
class Up:
    """A running ``skreg up``."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]
    log: Path

    @property
    def http(self) -> Http:
        return Http(self.facts["url"])

    @property
    def storage(self) -> Path:
        return Path(self.facts["data_dir"]) / "storage"

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(40)

    def children(self, command: str) -> list[int]:
        """Process ids of our children that run ``skreg COMMAND``."""
        found = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [line.split(None, 1) for line in found.stdout.splitlines()]
        return [int(pid) for pid, args in lines if f"skreg {command}" in args]


@contextmanager
def running_up(
    data: Path, port: int = 0, environment: Mapping[str, str] | None = None
) -> Iterator[Up]:
    """Start ``skreg up --json`` and wait for its ready line; killed at the end if still there."""
    log = data.parent / f"{data.name}.log"
    command = [*SKREG, "up", "--data-dir", str(data), "--port", str(port), "--json"]
    with log.open("a") as errors:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**_environment(), **(environment or {})},
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("{"), line + log.read_text()
        yield Up(process, json.loads(line), log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(40)
        assert process.stdout is not None
        process.stdout.close()


def _environment() -> dict[str, str]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED or name.startswith("COV")
    }
    return {**passed, "PYTHONPATH": str(NO_SIGNING)}


@contextmanager
def running(
    command: str, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``skreg api`` or ``skreg worker`` with settings of its own."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*SKREG, command], env={**_environment(), **environment}, stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)


def said(
    *arguments: str, environment: Mapping[str, str] | None = None, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one ``skreg`` command to its end."""
    return subprocess.run(
        [*SKREG, *arguments],
        env={**_environment(), **(environment or {})},
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def wait_until_ready(http: Http, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for ``/readyz`` to answer 200."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(log.read_text())
        try:
            if http.get("/readyz").status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("not ready:\n" + log.read_text())
