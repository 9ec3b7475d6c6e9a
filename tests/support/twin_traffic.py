"""People who go on reading and publishing while something is changed under them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from skillpkg.client.transport import Request, Transport
from skillpkg.errors import SkillpkgError
from support.twin import Twin
from support.twin_customer import PASSWORD, Customer

PAUSE_SECONDS = 0.15
MEGABYTE = 1 << 20


@dataclass
class Traffic:
    """What was done so far, and what failed although the client tried again as it always does."""

    reads: int = 0
    published: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def wait_for_more(self, reads: int = 8, versions: int = 2, seconds: float = 60.0) -> None:
        """Wait until that much more has been done from now on."""
        until = self.reads + reads, len(self.published) + versions
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.failures:
            if self.reads >= until[0] and len(self.published) >= until[1]:
                return
            time.sleep(0.05)
        raise AssertionError(f"traffic stands still: {self}")


@contextmanager
def session(stack: Twin, name: str) -> Iterator[Session]:
    """Log a person in; this process meets the stack's names until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in stack.edge.environment.items():
            patch.setenv(variable, value)
        yield Session(stack.url, name)


@contextmanager
def traffic(stack: Twin, person: Customer, name: str) -> Iterator[Traffic]:
    """Let a person read and publish until the block ends; their namespace is ``name``."""
    seen, stop = Traffic(), threading.Event()
    with session(stack, name) as reader:
        works: list[Callable[[], None]] = [
            lambda: _read(reader, seen),
            lambda: _publish(person, name, seen),
        ]
        threads = [threading.Thread(target=_repeat, args=(work, stop, seen)) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            stop.set()
            for thread in threads:
                thread.join(120)


def _repeat(work: Callable[[], None], stop: threading.Event, seen: Traffic) -> None:
    while not stop.is_set():
        try:
            work()
        except (SkillpkgError, AssertionError) as error:
            seen.failures.append(str(error))
        stop.wait(PAUSE_SECONDS)


class Session:
    """Somebody's session, used with the client's own transport and its retries."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._transport = url, Transport()
        body = json.dumps({"username": name, "password": PASSWORD}).encode()
        headers = {"Content-Type": "application/json"}
        request = Request(f"{url}/v1/auth/login", MEGABYTE, "POST", body=body, headers=headers)
        self._token = json.loads(self._transport.send(request).body)["access_token"]
        self._paths = ("/v1/auth/me", f"/v1/packages/{name}/demo", "/v1/search?q=demo")

    def read_all(self) -> None:
        """Ask for each of three paths that the database answers."""
        for path in self._paths:
            self.send("GET", path)

    def send(self, method: str, path: str) -> None:
        """Send one request that must end well."""
        answer = self._transport.send(Request(self._url + path, MEGABYTE, method, self._token))
        assert answer.status == 200, f"{path}: {answer.status} {answer.body[:300]!r}"


def _read(reader: Session, seen: Traffic) -> None:
    reader.read_all()
    seen.reads += 1


def _publish(person: Customer, name: str, seen: Traffic) -> None:
    version = f"1.0.{len(seen.published)}"
    person.publish(name, "busy", version)
    seen.published.append(version)
