"""Every key replaced in the middle of 50 publishes: nothing fails, and all of it installs.

Processes are replaced as a rolling deployment does it: the new worker starts while the old one,
with the old keys, still works.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen

import psycopg
import pytest

from support.clouds import file
from support.database import DatabaseServer, database_server
from support.deployment import ROLES, Deployment
from support.person import AGENT, Person
from support.registry_process import Http
from support.skills import make_skill

COUNT = 50
PACE = 0.4
"""Seconds between two uploads, so that each key is replaced while some are under way."""
RESERVED = 5
"""The last uploads wait for the last replacement, however slow the machine is."""


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    with database_server() as running:
        yield running


class Publisher(threading.Thread):
    """Publishes version after version, and says when it has passed a gate."""

    def __init__(self, acme: Http, count: int, gates: dict[int, threading.Event]) -> None:
        super().__init__(daemon=True)
        self.acme, self.count, self.gates = acme, count, gates
        self.answers: list[int] = []
        self.may_end = threading.Event()

    def run(self) -> None:
        for number in range(self.count):
            if number == self.count - RESERVED:
                self.may_end.wait(200)
            data = make_skill("acme", "demo", f"1.0.{number}")
            answer = self.acme.upload("/v1/packages/acme/demo/publish", data)
            self.answers.append(answer.status)
            if number in self.gates:
                self.gates[number].set()
            time.sleep(PACE)


class Fleet:
    """The workers of one deployment, the newest last."""

    def __init__(self, made: Deployment, stack: ExitStack) -> None:
        self.made, self.stack = made, stack
        self.running: list[Popen[bytes]] = []

    def start(self) -> None:
        self.running.append(self.stack.enter_context(self.made.worker()))

    def stop_oldest(self) -> None:
        oldest = self.running.pop(0)
        oldest.terminate()
        assert oldest.wait(30) == 0


def with_new_key(made: Deployment, role: str) -> None:
    """Point a setting at a new key; one that goes on is named among the former ones."""
    former = made.keys.get("FORMER_KEY_URIS", "")
    if role != "signing":
        made.keys["FORMER_KEY_URIS"] = f"{former} {made.keys[ROLES[role]]}".strip()
    made.keys[ROLES[role]] = made.cloud.create(role)


@pytest.mark.timeout(280)
def test_keys_rotate_in_the_middle_of_50_publishes(server: DatabaseServer, tmp_path: Path) -> None:
    with ExitStack() as stack:
        cloud = stack.enter_context(file(tmp_path / "cloud"))
        made = Deployment(
            cloud,
            stack.enter_context(server.empty()),
            tmp_path / "registry",
            root={"ROOT_MODE": "managed", "ROOT_KEY_URI": cloud.create("root")},
        )
        fleet = Fleet(made, stack)
        fleet.start()
        http = stack.enter_context(made.api())
        acme = http.sign_up("acme")
        made.wait_for_health()
        early = Person(tmp_path / "early", datetime.now(UTC))
        first_root = made.pki("fingerprint").strip()
        early.ok("registry", "add", "acme", http.url, "--root-fingerprint", first_root)

        gates = {number: threading.Event() for number in (5, 15, 25, 35)}
        publisher = Publisher(acme, COUNT, gates)
        publisher.start()

        assert gates[5].wait(60)
        with_new_key(made, "signing")
        fleet.start()  # both workers sign, each under its own leaf
        assert gates[15].wait(60)
        fleet.stop_oldest()
        for role in ("registry-ca", "log"):
            with_new_key(made, role)
        told = made.pki("rotate", "registry-ca")  # the old worker goes on meanwhile
        assert "trust bundle 2" in told
        assert gates[25].wait(60)
        fleet.start()
        fleet.stop_oldest()
        assert gates[35].wait(60)
        new_root = cloud.create("root")
        assert "trust bundle 3" in made.pki("rotate", "--root", new_root)
        made.root = {"ROOT_MODE": "managed", "ROOT_KEY_URI": new_root}
        publisher.may_end.set()
        fleet.start()
        fleet.stop_oldest()
        publisher.join(120)

        assert publisher.answers == [202] * COUNT
        for number in range(COUNT):
            acme.wait_for("acme/demo", f"1.0.{number}")
        _nothing_failed(made)
        second_root = made.pki("fingerprint").strip()
        assert second_root != first_root
        _all_install(early, second_root)
        late = Person(tmp_path / "late", datetime.now(UTC))
        late.ok("registry", "add", "acme", http.url, "--root-fingerprint", second_root)
        for number in (0, COUNT - 1):
            late.ok("install", f"acme/demo@1.0.{number}", "-t", AGENT)


def _nothing_failed(made: Deployment) -> None:
    with psycopg.connect(made.database_url) as connection:
        failed = connection.execute(
            "SELECT version_id, last_error FROM vetting_jobs WHERE attempts > 0"
        ).fetchall()
        chains = connection.execute("SELECT DISTINCT chain[1], chain[2] FROM versions").fetchall()
        outcomes = connection.execute(
            "SELECT DISTINCT details ->> 'outcome' FROM audit WHERE action = 'signature'"
        ).fetchall()
    assert failed == []
    assert len({leaf for leaf, _ in chains}) >= 3
    assert len({ca for _, ca in chains}) == 3
    assert outcomes == [("signed",)]


def _all_install(person: Person, new_root: str) -> None:
    """Install each with the client that had pinned the first root, in an agent's folder."""
    for number in range(COUNT):
        ended = person.ok("install", f"acme/demo@1.0.{number}", "-t", AGENT)
        assert ended.result["installed"][0]["version"] == f"1.0.{number}"
    trusted = person.ok("registry", "trust", "acme").result
    assert (trusted["pinned"], trusted["trust_version"]) == (new_root, 3)
    assert len(trusted["roots"]) == 2
    assert len(trusted["logs"]) == 2
