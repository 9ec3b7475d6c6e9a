"""`skillpkg` installs from a plain folder of files: no service runs and no socket may be opened."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from pytest_socket import disable_socket, enable_socket

from skillpkg.archive.pack import pack_folder
from skillpkg.crypto import dsse
from support.person import Person
from support.published import (
    DAY,
    LAST,
    NAMESPACE,
    OTHER_COMPRESSOR,
    PUBLISHED_AT,
    RENEWED_AFTER,
    Published,
)

pytestmark = pytest.mark.xdist_group("published")
SKILL = f"{NAMESPACE}/csv-profiler"
VERSION = "1.0.2"
RENEWED_AT = PUBLISHED_AT + RENEWED_AFTER
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def no_service(stopped_registry: Published) -> Iterator[None]:
    disable_socket()
    yield
    enable_socket()


def pin(person: Person, registry: Published, *, renewed: bool = False) -> Path:
    """Give the person a copy of the folder as their registry."""
    mirror = registry.copy(person.root / "mirror", renewed=renewed)
    person.pin(mirror, registry.fingerprint)
    return mirror


def leaf_of(folder: Path) -> x509.Certificate:
    """The certificate that signed the folder's timestamp."""
    envelope = dsse.parse((folder / "index" / "timestamp").read_bytes())
    return x509.load_der_x509_certificate(envelope.signatures[0].chain[0])


def test_every_skill_installs_the_day_after(person: Person, stopped_registry: Published) -> None:
    pin(person, stopped_registry)
    for name, sha256 in stopped_registry.sha256.items():
        ended = person.install(f"{NAMESPACE}/{name}")
        assert (ended.code, ended.warnings) == (0, ()), ended.error
        found = {item["name"]: item for item in ended.result["installed"]}
        assert found[name]["sha256"] == sha256
    assert person.ok("verify").code == 0


def test_what_is_installed_is_what_was_published(
    person: Person, stopped_registry: Published
) -> None:
    pin(person, stopped_registry)
    ended = person.install(f"{NAMESPACE}/{LAST}")
    assert ended.code == 0, ended.error
    needed, asked = ended.result["installed"]
    assert (needed["name"], needed["requested"]) == ("changelog-writer", False)
    assert (asked["name"], asked["requested"]) == (LAST, True)
    for item in (needed, asked):
        sources = EXAMPLES / item["name"]
        for file in (path for path in sources.rglob("*") if path.is_file()):
            installed = Path(item["path"]) / file.relative_to(sources)
            assert installed.read_bytes() == file.read_bytes()


def test_it_installs_after_the_signing_leaf_has_expired(
    person: Person, stopped_registry: Published
) -> None:
    mirror = pin(person, stopped_registry, renewed=True)
    person.now = RENEWED_AT + timedelta(hours=1)
    signer, present = leaf_of(stopped_registry.folder), leaf_of(mirror)
    assert signer.not_valid_after_utc < person.now < present.not_valid_after_utc
    ended = person.install(f"{NAMESPACE}/{LAST}")
    assert (ended.code, ended.warnings) == (0, ()), ended.error
    assert datetime.fromisoformat(ended.result["installed"][-1]["time"]) < PUBLISHED_AT + DAY


def test_who_installed_before_goes_on_after_the_renewal(
    person: Person, stopped_registry: Published
) -> None:
    mirror = pin(person, stopped_registry)
    assert person.install(f"{NAMESPACE}/adr-writer").code == 0
    stopped_registry.overlay(mirror, renewed=True)
    person.now = RENEWED_AT + timedelta(hours=1)
    ended = person.install(SKILL)
    assert (ended.code, ended.warnings) == (0, ()), ended.error
    stopped_registry.overlay(mirror, renewed=False)
    back = person.install(f"{NAMESPACE}/http-smoke")
    assert (back.code, back.check) == (3, "index-rollback")


@pytest.mark.parametrize(
    ("after", "age"),
    [
        (timedelta(hours=1 + 72, minutes=2), "2 minutes"),
        (timedelta(hours=1 + 72 + 5), "5 hours"),
        (RENEWED_AFTER, "96 days"),
    ],
)
def test_an_old_timestamp_refuses_latest_and_says_its_age(
    person: Person, stopped_registry: Published, after: timedelta, age: str
) -> None:
    pin(person, stopped_registry)
    person.now = PUBLISHED_AT + after
    for ref in (SKILL, f"{SKILL}@latest", f"{SKILL}@^1.0", f"{SKILL}@{VERSION}"):
        ended = person.install(ref)
        assert (ended.code, ended.check) == (3, "timestamp-expired"), ended.error
        assert f"expired {age} ago" in ended.error["what"]
    assert person.installed_skills() == []


@pytest.mark.parametrize(
    ("after", "warned"),
    [
        (timedelta(hours=1 + 72 + 5), {"timestamp expired 5 hours ago"}),
        (
            RENEWED_AFTER,
            {
                "timestamp expired 96 days ago",
                "certificate expired 10 days ago",
                r"revocation list of .* registry-ca.*expired 93 days ago",
            },
        ),
    ],
)
def test_a_known_hash_installs_with_a_warning_that_says_the_age(
    person: Person, stopped_registry: Published, after: timedelta, warned: set[str]
) -> None:
    pin(person, stopped_registry)
    person.now = PUBLISHED_AT + after
    ended = person.install(
        f"{SKILL}@{VERSION}", "--sha256", stopped_registry.sha256["csv-profiler"]
    )
    assert ended.code == 0, ended.error
    missing = {text for text in warned if not any(re.search(text, one) for one in ended.warnings)}
    assert not missing, ended.warnings
    assert person.installed_skills() == [f"{SKILL}/{VERSION}"]


def test_another_hash_is_refused_whatever_the_date(
    person: Person, stopped_registry: Published
) -> None:
    pin(person, stopped_registry)
    for after in (DAY, RENEWED_AFTER):
        person.now = PUBLISHED_AT + after
        ended = person.install(f"{SKILL}@{VERSION}", "--sha256", "0" * 64)
        assert (ended.code, ended.check) == (3, "archive-sha256")
    assert person.installed_skills() == []


def test_an_archive_of_another_compressor_publishes_and_installs(
    person: Person, stopped_registry: Published
) -> None:
    ours = pack_folder(EXAMPLES / OTHER_COMPRESSOR, namespace=NAMESPACE)
    mirror = pin(person, stopped_registry)
    (archive,) = mirror.rglob(f"{OTHER_COMPRESSOR}/*/*.skill")
    published = archive.read_bytes()
    assert hashlib.sha256(published).hexdigest() == stopped_registry.sha256[OTHER_COMPRESSOR]
    assert published != ours.archive, "zlib-ng compressed as zlib does, so this shows nothing"
    ended = person.install(f"{NAMESPACE}/{OTHER_COMPRESSOR}")
    assert ended.code == 0, ended.error
    assert listed_digest(mirror) == ours.content_digest


def listed_digest(mirror: Path) -> str:
    """The content digest that the index names for that skill's only version."""
    data = (mirror / f"index/{NAMESPACE}/{OTHER_COMPRESSOR}.json").read_bytes()
    (version,) = json.loads(dsse.parse(data).payload)["versions"]
    return str(version["content_digest"])
