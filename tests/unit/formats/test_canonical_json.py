"""Canonical JSON against the reference encoder, and what a strict reader refuses."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from skillpkg import canonical_json

LARGEST = 2**53 - 1
LEAVES = st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@given(st.dictionaries(st.text(), VALUES))
def test_what_the_reference_writes_is_read_and_nothing_else(value: dict[str, object]) -> None:
    data = rfc8785.dumps(value)  # type: ignore[arg-type]
    assert canonical_json.loads(data) == value
    assert canonical_json.dumps(canonical_json.loads(data)) == data


@given(st.dictionaries(st.text(), VALUES, min_size=1))
def test_any_other_spelling_is_refused(value: dict[str, object]) -> None:
    data = rfc8785.dumps(value)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="canonical"):
        canonical_json.loads(data.replace(b"{", b"{ ", 1))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"1",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"9" * 400 + b"}",
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}\n',
    ],
)
def test_what_is_not_canonical_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # several sentences, one type
        canonical_json.loads(data)


def test_keys_beyond_the_basic_plane_sort_by_utf16_unit() -> None:
    # U+10000 is D800 DC00 in UTF-16 and so stands before U+FFFF.
    data = rfc8785.dumps({"\uffff": 1, "\U00010000": 2})
    assert data.index("\U00010000".encode()) < data.index("\uffff".encode())
    assert canonical_json.loads(data) == {"\uffff": 1, "\U00010000": 2}
