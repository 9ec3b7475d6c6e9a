"""Log entries: canonical, complete, and refused when a value is not what readers accept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from publish_support import DIGEST, NOW, REGISTRY

from skillpkg import canonical_json
from skillpkg.types import SignerKind
from skreg.errors import EntryInvalid
from skreg.publish.log import entries
from skreg.publish.log.entries import PackageEvent, SignedArchive

FIRST = PackageEvent(REGISTRY, "acme", "demo", 1, None, NOW)
ARCHIVE = SignedArchive("1.0.0", DIGEST, "cd" * 32, 1234, SignerKind("registry"), "ef" * 32)


def test_a_publish_entry_binds_all_that_a_client_compares() -> None:
    entry = entries.publish(FIRST, ARCHIVE)
    assert canonical_json.loads(entry) == {
        "schema": "skreg.entry/1",
        "type": "publish",
        "registry": REGISTRY,
        "namespace": "acme",
        "name": "demo",
        "version": "1.0.0",
        "sha256": DIGEST,
        "content_digest": "cd" * 32,
        "size": 1234,
        "signer": {"kind": "registry"},
        "leaf": "ef" * 32,
        "time": "2026-11-21T04:00:00Z",
        "seq": 1,
        "prev": None,
    }


def test_the_other_package_entries_carry_their_own_count() -> None:
    event = replace(FIRST, seq=2, prev=41)
    made = [
        entries.yank(event, "1.0.0", DIGEST),
        entries.unyank(event, "1.0.0", DIGEST),
        entries.withdraw(event, "1.0.0", DIGEST),
        entries.transfer(event, "umbrella", "demo"),
        entries.submitted(event, ARCHIVE, "12" * 32),
    ]
    found = [json.loads(entry) for entry in made]
    assert [one["type"] for one in found] == ["yank", "unyank", "withdraw", "transfer", "submitted"]
    assert {(one["seq"], one["prev"]) for one in found} == {(2, 41)}
    assert (found[3]["to"], found[3]["to_name"]) == ("umbrella", "demo")
    assert found[4]["signature"] == "12" * 32


@pytest.mark.parametrize(
    "body",
    [
        {"type": "cert-issued", "ca": REGISTRY, "sha256": DIGEST, "serial": "0a1b"},
        {"type": "cert-revoked", "ca": REGISTRY, "serial": "0a1b", "reason": "keyCompromise"},
        {"type": "crl", "ca": REGISTRY, "number": 0, "sha256": DIGEST},
        {"type": "trust-change", "version": 1, "sha256": DIGEST},
    ],
)
def test_entries_about_trust_add_schema_registry_and_time(body: dict[str, str | int]) -> None:
    found = canonical_json.loads(entries.about_trust(REGISTRY, NOW, body))
    assert found == body | {
        "schema": "skreg.entry/1",
        "registry": REGISTRY,
        "time": "2026-11-21T04:00:00Z",
    }


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("registry", {"registry": "no-id"}),
        ("namespace", {"namespace": "Acme"}),
        ("name", {"name": ""}),
        ("seq", {"seq": 0}),
        ("prev", {"prev": 3}),
        ("prev", {"seq": 2}),
        ("prev", {"seq": 2, "prev": -1}),
        ("time", {"time": datetime(2026, 1, 1)}),
    ],
)
def test_a_damaged_event_is_refused_by_field(field: str, change: dict[str, object]) -> None:
    with pytest.raises(EntryInvalid, match=f"{field}: "):
        entries.publish(replace(FIRST, **change), ARCHIVE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("version", {"version": "1.0"}),
        ("sha256", {"sha256": "short"}),
        ("content_digest", {"content_digest": ""}),
        ("size", {"size": 0}),
        ("size", {"size": 2**53}),
        ("size", {"size": True}),
        ("leaf", {"leaf": "x" * 64}),
    ],
)
def test_a_damaged_archive_row_is_refused_by_field(field: str, change: dict[str, object]) -> None:
    with pytest.raises(EntryInvalid, match=f"{field}: "):
        entries.publish(FIRST, replace(ARCHIVE, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "crl", "ca": REGISTRY, "number": 0},
        {"type": "crl", "ca": REGISTRY, "number": -1, "sha256": DIGEST},
        {"type": "crl", "ca": REGISTRY, "number": "1", "sha256": DIGEST},
        {"type": "crl", "ca": "ca", "number": 1, "sha256": DIGEST},
        {"type": "cert-revoked", "ca": REGISTRY, "serial": 17, "reason": "superseded"},
        {"type": "cert-revoked", "ca": REGISTRY, "serial": "11", "reason": "my free text"},
        {"type": "publish"},
        {},
    ],
)
def test_a_damaged_entry_about_trust_is_refused(body: dict[str, str | int]) -> None:
    with pytest.raises(EntryInvalid):
        entries.about_trust(REGISTRY, NOW, body)


def test_times_never_decrease() -> None:
    later = NOW + timedelta(seconds=5)
    assert entries.stamp(NOW, None) == NOW
    assert entries.stamp(NOW, later) == later
    assert entries.stamp(later, NOW) == later
