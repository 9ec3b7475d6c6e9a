"""Rules of tags, ``latest`` and withdrawal, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skreg.domain.package_names import is_reserved_package
from skreg.domain.permissions import MemberRole, Principal, Scope
from skreg.domain.releases import may_be_tag, needs, why_not_unpublish, with_latest, without_build
from skreg.domain.trusted_account import TRUSTED_ACCOUNT, is_trusted, role_for

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tags", "versions", "shown"),
    [
        ({}, {"1.0.0": "published", "2.0.0-rc.1": "published"}, {"latest": "1.0.0"}),
        ({}, {"1.0.0": "yanked"}, {}),
        ({"latest": "1.0.0"}, {"1.0.0": "published", "2.0.0": "published"}, {"latest": "1.0.0"}),
        ({"latest": "1.0.0"}, {"1.0.0": "yanked", "2.0.0": "published"}, {"latest": "2.0.0"}),
        ({"latest": "1.0.0"}, {"1.0.0": "withdrawn"}, {}),
        ({"b": "1.0.0"}, {"1.0.0": "published"}, {"b": "1.0.0", "latest": "1.0.0"}),
    ],
)
def test_latest(tags: dict[str, str], versions: dict[str, str], shown: dict[str, str]) -> None:
    assert with_latest(tags, versions.items()) == (shown, shown.get("latest"))


def test_what_can_be_a_tag() -> None:
    assert all(map(may_be_tag, ("latest", "beta", "v2-preview")))
    assert not any(map(may_be_tag, ("1.0.0", "v1", "x", ">=1", "", "versions", "dist-tags", "B")))


def test_build_metadata_is_cut() -> None:
    assert [without_build(v) for v in ("1.0.0", "1.0.0+a.b", "1.0.0-rc.1+x")] == [
        "1.0.0",
        "1.0.0",
        "1.0.0-rc.1",
    ]


@pytest.mark.parametrize(
    ("wanted", "version", "takes"),
    [
        ("^1", "1.2.0", True),
        ("^1", "2.0.0", False),
        (">=1", "2.0.0-rc.1", True),
        ("?", "1.0.0", True),
    ],
)
def test_what_a_dependency_takes(wanted: str, version: str, takes: bool) -> None:
    assert needs(wanted, version) is takes


@pytest.mark.parametrize(
    ("hours", "users", "downloads", "why"),
    [
        (72, ["a/b"], 10_000, None),
        (73, [], 100, None),
        (73, [], 101, "downloaded 101 times"),
        (73, ["a/b"], 0, "a/b depends on it"),
        (73, ["e/e", "d/d", "c/c", "b/b"], 0, "b/b, c/c, d/d and others depends"),
    ],
)
def test_when_an_owner_may_unpublish(
    hours: int, users: list[str], downloads: int, why: str | None
) -> None:
    found = why_not_unpublish(NOW - timedelta(hours=hours), NOW, users, downloads)
    assert found is None if why is None else why in (found or "")


@pytest.mark.parametrize(
    ("name", "reserved"),
    [("con", True), ("lpt9", True), ("skreg", True), ("ski11pkg", True), ("cone", False)],
)
def test_reserved_package_names(name: str, reserved: bool) -> None:
    assert is_reserved_package(name) is reserved


def test_a_ci_job_is_a_publisher_of_its_package_alone() -> None:
    job = Principal(
        1, TRUSTED_ACCOUNT, frozenset({Scope.PUBLISH}), token_id="t", limits=("acme/demo",)
    )
    assert is_trusted(job)
    assert role_for(job, None, "acme", "demo") is MemberRole.PUBLISHER
    assert role_for(job, MemberRole.OWNER, "acme", "other") is None
    assert role_for(job, MemberRole.OWNER, "acme", None) is None
    person = Principal(2, "alice", frozenset({Scope.PUBLISH}), limits=("acme/demo",))
    assert role_for(person, None, "acme", "demo") is None
    assert not is_trusted(Principal(1, TRUSTED_ACCOUNT, frozenset()))
