from __future__ import annotations

import pytest
import semantic_version
from hypothesis import assume, given
from hypothesis import strategies as st

from skillpkg.errors import VersionInvalid
from skillpkg.version import Range, Version

ORDER = (
    "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 "
    "1.0.0 1.0.1 1.1.0 2.0.0 10.0.0"
)
NUMBERS = st.integers(0, 4)
IDENTIFIERS = st.sampled_from(["alpha", "beta", "rc", "1", "2", "11", "x-y", "0a"])


@st.composite
def versions(draw: st.DrawFn) -> str:
    text = f"{draw(NUMBERS)}.{draw(NUMBERS)}.{draw(NUMBERS)}"
    parts = draw(st.lists(IDENTIFIERS, max_size=3))
    return text + ("-" + ".".join(parts) if parts else "")


PARTIAL = st.one_of(
    st.builds("{}".format, NUMBERS),
    st.builds("{}.{}".format, NUMBERS, NUMBERS),
    st.builds("{}.{}.{}".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{}.x".format, NUMBERS),
    st.builds("{}.{}.*".format, NUMBERS, NUMBERS),
)
COMPARATOR = st.builds(
    "{}{}".format, st.sampled_from(["", "=", "<", "<=", ">", ">=", "^", "~"]), PARTIAL
)
RANGES = st.one_of(
    st.just("*"),
    COMPARATOR,
    st.builds("{} {}".format, COMPARATOR, COMPARATOR),
    st.builds("{} || {}".format, COMPARATOR, COMPARATOR),
    st.builds("{} - {}".format, PARTIAL, PARTIAL),
)


def test_versions_are_ordered_as_semver_says() -> None:
    texts = ORDER.split()
    assert [str(v) for v in sorted(map(Version.parse, reversed(texts)))] == texts


@given(versions(), versions())
def test_order_agrees_with_an_independent_reader(one: str, other: str) -> None:
    mine = Version.parse(one), Version.parse(other)
    theirs = semantic_version.Version(one), semantic_version.Version(other)
    assert (mine[0] < mine[1], mine[0] > mine[1]) == (theirs[0] < theirs[1], theirs[0] > theirs[1])


@given(RANGES, versions())
def test_ranges_agree_with_an_independent_reader(text: str, version: str) -> None:
    assume("-" not in version)
    theirs = semantic_version.NpmSpec(text).match(semantic_version.Version(version))
    assert Range.parse(text).matches(Version.parse(version)) == theirs


def test_build_metadata_is_kept_and_only_breaks_ties() -> None:
    one, other = Version.parse("1.0.0+a"), Version.parse("1.0.0+b")
    assert one != other
    assert one < other < Version.parse("1.0.1")
    assert (one.build, one.key == other.key, len({one, other})) == ("a", True, 2)
    assert Version.parse("1.0.0") != "1.0.0"


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.2", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3-a..b", "v1.2.3", "1.2.3+", "1.2.3 ",
     "1.2.3\n", "1.2.-3", "a.b.c", "1.2.3-" + "a" * 130, "1." + "9" * 17 + ".0", "١.٢.٣"],
)  # fmt: skip
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(VersionInvalid) as refused:
        Version.parse(text)
    assert refused.value.fix


@pytest.mark.parametrize(("text", "mend"), [("1", "1.0.0"), ("v1.2", "1.2.0"), ("01.2.3", "1.2.3")])
def test_a_near_version_is_mended(text: str, mend: str) -> None:
    with pytest.raises(VersionInvalid, match=mend):
        Version.parse(text)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("^1.2", "1.2.0 1.9.9", "1.1.9 2.0.0 2.0.0-rc.1 1.3.0-rc.1"),
        ("^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2"),
        ("^0.0.3", "0.0.3", "0.0.4 0.0.2"),
        ("^0", "0.0.0 0.9.0", "1.0.0"),
        ("~1.2", "1.2.0 1.2.9", "1.3.0"),
        ("~1", "1.9.0", "2.0.0"),
        ("~>1.2.3", "1.2.3 1.2.4", "1.3.0"),
        (">=1 <2", "1.0.0 1.9.9", "2.0.0 0.9.9"),
        (">=1   <2", "1.5.0", "2.0.0"),
        (">= 1.2", "1.2.0 3.0.0", "1.1.0"),
        ("*", "0.0.0 9.9.9", "1.0.0-a"),
        ("", "0.0.0 9.9.9", "1.0.0-a"),
        ("1.x || 3", "1.5.0 3.9.9", "2.0.0 4.0.0"),
        ("1.2.3 - 2", "1.2.3 2.9.9", "1.2.2 3.0.0"),
        ("1.2.3", "1.2.3", "1.2.4"),
        (">1.2", "1.3.0", "1.2.9"),
        (">1", "2.0.0", "1.9.9"),
        ("<=1", "1.9.9", "2.0.0"),
        ("<=1.2", "1.2.9", "1.3.0"),
        ("<1", "0.9.9", "1.0.0"),
        (">*", "", "0.0.0 1.0.0"),
        ("<=*", "0.0.0 1.0.0", ""),
        (">=1.0.0-rc.1", "1.0.0-rc.1 1.0.0-rc.2 1.0.0 1.1.0", "1.0.0-beta 1.1.0-rc.1"),
        ("^1.0.0-rc.1", "1.0.0-rc.2 1.0.0 1.4.0", "1.1.0-rc.1 2.0.0-rc.1"),
        ("<1.0.0-rc.2", "1.0.0-rc.1 0.9.0", "1.0.0-rc.2"),
    ],
)  # fmt: skip
def test_ranges_hold_what_npm_says(text: str, inside: str, outside: str) -> None:
    wanted = Range.parse(text)
    assert str(wanted) == text
    assert [v for v in inside.split() if not wanted.matches(Version.parse(v))] == []
    assert [v for v in outside.split() if wanted.matches(Version.parse(v))] == []


def test_prereleases_come_only_when_asked_for() -> None:
    candidate = Version.parse("1.3.0-rc.1")
    assert not Range.parse("^1.2").matches(candidate)
    assert Range.parse("^1.2").matches(candidate, prereleases=True)
    assert Range.parse("*").matches(Version.parse("0.0.0-a"), prereleases=True)
    assert not Range.parse("^1").matches(Version.parse("2.0.0-rc.1"), prereleases=True)


@pytest.mark.parametrize(
    "text", ["latest", "1.2.3.4", ">", "1 2 ,", "^^1", "1.2.3 ||| 2", "1" * 300, "1,2", "a||b"]
)
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(VersionInvalid):
        Range.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (Version.parse, Range.parse):
        try:
            assert str(parse(text)) == text
        except VersionInvalid:
            continue
