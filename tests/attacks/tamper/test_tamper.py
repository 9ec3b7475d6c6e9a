"""One changed byte of any hashed or signed part refuses the install, by that part's own check.

Everything goes through the client's door: ``skillpkg install`` on a plain folder, exit code 3, the
check's name in its JSON. After each refusal the store and the agent's folder are as before.
``SKREG_TAMPER_SEED`` repeats a run; ``SKREG_TAMPER_ROUNDS`` tries more bytes of each part.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from parts import PARTS, SKILL, Part, at

from skillpkg.errors import Check
from support.person import Person
from support.published import DAY, NAMESPACE, PUBLISHED_AT, Published, published
from support.resigned import Resigner

pytestmark = pytest.mark.xdist_group("published")
SEED = int(os.environ.get("SKREG_TAMPER_SEED", "20260302"))
ROUNDS = int(os.environ.get("SKREG_TAMPER_ROUNDS", "32"))
PINNING = (Check.TRUST_BUNDLE, Check.ROOT_PIN)  # it carries the root's certificate
NEIGHBOUR = f"{NAMESPACE}/adr-writer"


@pytest.fixture(scope="session")
def registry() -> Published:
    return published()


@dataclass(frozen=True)
class Mirror:
    """A copy of the registry that can be put back as it was published."""

    registry: Published
    folder: Path

    def whole(self) -> Resigner:
        """Put back what was changed; returns the registry's hands on the folder."""
        source = self.registry.folder
        for path in [path for path in self.folder.rglob("*") if path.is_file()]:
            original = source / path.relative_to(self.folder)
            if not original.exists():
                path.unlink()
            elif original.read_bytes() != path.read_bytes():
                path.write_bytes(original.read_bytes())
        return Resigner(self.folder, self.registry.keys)


@pytest.fixture
def mirror(registry: Published, tmp_path: Path) -> Mirror:
    return Mirror(registry, registry.copy(tmp_path / "mirror"))


@pytest.fixture
def person(mirror: Mirror, tmp_path: Path) -> Person:
    """Somebody who has one skill of this registry already, shown to an agent."""
    made = Person(tmp_path / "person", PUBLISHED_AT + DAY)
    made.pin(mirror.folder, mirror.registry.fingerprint)
    assert made.install(NEIGHBOUR).code == 0
    return made


def meet_anew(person: Person, mirror: Mirror) -> None:
    """Let the client forget what the registry has shown, lists of revocations too."""
    shutil.rmtree(person.memory)
    person.pin(mirror.folder, mirror.registry.fingerprint)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_one_changed_byte_refuses(part: Part, mirror: Mirror, person: Person) -> None:
    random = Random(f"{SEED} {part.name}")
    print(f"SKREG_TAMPER_SEED={SEED} SKREG_TAMPER_ROUNDS={ROUNDS}")
    if not part.remembers:
        meet_anew(person, mirror)
    before, seen = person.installed(), set()
    person.keep_memory()
    for _ in range(ROUNDS):
        where = part.tamper(mirror.whole(), random)
        ended = person.install(SKILL)
        assert (ended.code, ended.check in part.checks) == (3, True), (where, ended)
        assert ended.result == {}
        assert person.installed() == before, where
        seen.add(ended.check)
        person.forget()
    assert part.first in seen
    mirror.whole()
    ended = person.install(SKILL)
    assert (ended.code, ended.warnings) == (0, ()), ended.error
    assert person.installed() != before


def test_what_is_signed_again_and_unchanged_installs(mirror: Mirror, person: Person) -> None:
    """Without this, a refusal above could come from the signing again, not from the byte."""
    signing = mirror.whole()
    signing.change_release(SKILL, lambda record: None)
    signing.change_index(SKILL, lambda envelope: None)
    signing.change_archive(SKILL, bytes)
    ended = person.install(SKILL)
    assert (ended.code, ended.warnings) == (0, ()), ended.error


def test_one_changed_byte_of_the_trust_bundle_pins_nothing(mirror: Mirror, tmp_path: Path) -> None:
    random = Random(f"{SEED} trust")
    person = Person(tmp_path / "newcomer", PUBLISHED_AT + DAY)
    words = ("registry", "add", "mirror", mirror.folder.as_uri(), "--root-fingerprint")
    for _ in range(ROUNDS):
        where = at("trust/latest.json")(mirror.whole(), random)
        ended = person.run(*words, mirror.registry.fingerprint)
        assert (ended.code, ended.check in PINNING) == (3, True), (where, ended)
        assert person.ok("registry", "list").result == {"registries": []}
    mirror.whole()
    person.ok(*words, mirror.registry.fingerprint)


def test_another_root_than_the_pinned_one_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    person = Person(tmp_path / "newcomer", PUBLISHED_AT + DAY)
    other = f"sha256:{'0' * 64}"
    ended = person.run(
        "registry", "add", "mirror", mirror.folder.as_uri(), "--root-fingerprint", other
    )
    assert (ended.code, ended.check in PINNING) == (3, True), ended
