"""Choosing versions: npm ranges, tags, yanks, going back, conflicts one can understand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillpkg.errors import ConflictingRequirements, NotFound
from skillpkg.install import resolve as resolving
from skillpkg.install.index import IndexVersion, PackageIndex
from skillpkg.install.resolve import resolve
from skillpkg.install.wishes import Requirement
from skillpkg.types import SignerKind

Versions = Mapping[str, Mapping[str, str]]
AT = datetime(2026, 1, 1, tzinfo=UTC)
Z = ("1.0.0", "1.1.0")


def index(package: str, versions: Versions, states: Mapping[str, str], **tags: str) -> PackageIndex:
    namespace, name = package.split("/")
    found = {
        version: IndexVersion(
            version, "0" * 64, "0" * 64, 1, "0" * 64, SignerKind("registry"), needs,
            states.get(version, "published"), None, AT, 0,
        )
        for version, needs in versions.items()
    }  # fmt: skip
    chain: Any = None
    return PackageIndex(namespace, name, 1, AT, "registry", tags, found, (), chain)


class Registry:
    def __init__(self) -> None:
        self.indexes: dict[str, PackageIndex] = {}

    def add(
        self, package: str, versions: Versions, states: Mapping[str, str] | None = None, **tags: str
    ) -> Registry:
        self.indexes[package] = index(package, versions, states or {}, **tags)
        return self

    def index_of(self, package: str) -> PackageIndex:
        if package not in self.indexes:
            raise NotFound(f"The registry has no package {package}.")
        return self.indexes[package]

    def choose(self, *wanted: str) -> dict[str, str]:
        wishes = [Requirement(*text.split(" ", 1)) for text in wanted]
        return {c.package: c.version.text for c in resolve(wishes, self.index_of)}


def test_latest_comes_first_then_the_highest() -> None:
    registry = Registry().add("a/x", {"1.0.0": {}, "2.0.0": {}, "3.0.0-rc.1": {}}, latest="1.0.0")
    assert registry.choose("a/x") == {"a/x": "1.0.0"}
    assert registry.choose("a/x >=1.5") == {"a/x": "2.0.0"}
    assert registry.choose("a/x 3.0.0-rc.1") == {"a/x": "3.0.0-rc.1"}
    assert registry.choose("a/x latest") == {"a/x": "1.0.0"}


def test_yanked_only_by_a_person_who_names_it() -> None:
    registry = Registry().add("a/x", {"1.0.0": {}, "1.1.0": {}}, {"1.1.0": "yanked"})
    registry.add("a/y", {"1.0.0": {"a/x": "1.1.0"}})
    assert registry.choose("a/x ^1") == {"a/x": "1.0.0"}
    assert registry.choose("a/x 1.1.0") == {"a/x": "1.1.0"}
    with pytest.raises(ConflictingRequirements) as caught:
        registry.choose("a/y")
    assert "1.1.0 (yanked)" in caught.value.why


def test_it_goes_back_to_an_older_version_that_fits() -> None:
    registry = Registry()
    registry.add("a/app", {"2.0.0": {"a/lib": "^2"}, "1.0.0": {"a/lib": "^1"}})
    registry.add("a/tool", {"1.0.0": {"a/lib": "^1"}})
    registry.add("a/lib", {"1.3.0": {}, "2.0.0": {}, "1.0.0": {}})
    expected = {"a/app": "1.0.0", "a/tool": "1.0.0", "a/lib": "1.3.0"}
    assert registry.choose("a/tool", "a/app") == expected


def test_a_circle_is_no_trouble() -> None:
    registry = Registry().add("a/x", {"1.0.0": {"a/y": "*"}}).add("a/y", {"1.0.0": {"a/x": "^1"}})
    assert registry.choose("a/x") == {"a/x": "1.0.0", "a/y": "1.0.0"}


def test_a_circle_that_is_left_behind_is_no_trouble() -> None:
    registry = Registry()
    registry.add("a/x", {"1.0.0": {}, "2.0.0": {"a/v": "*", "a/y": "*"}})
    registry.add("a/y", {"1.0.0": {"a/z": "*"}}).add("a/z", {"1.0.0": {"a/y": "*"}})
    registry.add("a/v", {"1.0.0": {"a/x": "^1.0.0"}})
    assert registry.choose("a/x") == {"a/x": "1.0.0"}


def test_a_conflict_names_everyone_and_what_there_is() -> None:
    registry = Registry().add("a/x", {f"1.{n}.0": {} for n in range(12)})
    registry.add("a/y", {"1.0.0": {"a/x": "^2"}})
    with pytest.raises(ConflictingRequirements) as caught:
        registry.choose("a/x ^1", "a/y")
    assert caught.value.why.splitlines()[:2] == ["you want a/x ^1", "a/y@1.0.0 wants a/x ^2"]
    assert "and 4 older ones" in caught.value.why
    assert "None" not in str(caught.value)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [("a/x ^9", "No version of a/x is ^9"), ("a/none", "No version of a/none is published")],
)
def test_nothing_fits(wanted: str, said: str) -> None:
    registry = Registry().add("a/x", {"1.0.0": {}}).add("a/none", {})
    with pytest.raises(NotFound, match=said.replace("^", r"\^")):
        registry.choose(wanted)


def test_withdrawn_is_said() -> None:
    registry = Registry().add("a/x", {"1.0.0": {}}, {"1.0.0": "withdrawn"})
    with pytest.raises(NotFound, match="withdrawn"):
        registry.choose("a/x 1.0.0")


def test_a_search_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolving, "_MAX_ROUNDS", 1)
    registry = Registry().add("a/x", {"1.0.0": {"a/y": "*"}}).add("a/y", {"1.0.0": {}})
    with pytest.raises(ConflictingRequirements, match="No set of versions"):
        registry.choose("a/x")


@given(
    needs=st.dictionaries(
        st.sampled_from(["a/x 1.0.0", "a/x 2.0.0", "a/y 1.0.0", "a/z 1.0.0", "a/z 1.1.0"]),
        st.dictionaries(st.sampled_from(["a/x", "a/y", "a/z"]), st.sampled_from(["*", "^1.0.0"])),
        max_size=3,
    ),
    wanted=st.lists(
        st.sampled_from(["a/x", "a/x ^1.0.0", "a/y", "a/z 1.0.0", "a/z >=1.0.0"]), min_size=1
    ),
)
def test_what_is_chosen_without_a_search_is_what_the_search_finds(
    needs: dict[str, dict[str, str]], wanted: list[str]
) -> None:
    registry = Registry()
    for package, versions in (("a/x", ("1.0.0", "2.0.0")), ("a/y", ("1.0.0",)), ("a/z", Z)):
        registry.add(package, {v: needs.get(f"{package} {v}", {}) for v in versions})

    def choose() -> dict[str, str] | None:
        try:
            return registry.choose(*wanted)
        except ConflictingRequirements:
            return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolving, "_are_independent", lambda best: False)
        searched = choose()
    assert choose() == searched
