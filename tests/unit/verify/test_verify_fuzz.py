"""Whatever is changed, the verifier refuses; it never crashes and never lets it pass."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillpkg.errors import NotFound, VerificationRefused
from support.certificates import NOW
from support.static_registry import Client, Ref, StaticRegistry

REF = Ref("acme", "deploy")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def registry() -> StaticRegistry:
    made = StaticRegistry().publish("acme", "deploy", "1.0.0")
    return made.publish("acme", "deploy", "1.1.0").build()


def install(client: Client) -> None:
    client.clock.now = NOW
    client.verifier.verify_release(client.verifier.open_index(REF), "1.0.0")


GOOD = registry()
PROBE = Client(GOOD)
install(PROBE)
READ = sorted(set(PROBE.plane.asked))


def _may_be_ignored(path: str, good: bytes, at: int) -> bool:
    """Tell what need not be right: hashes no proof needs, a line that bears no known key's id."""
    witness_line = path == "/log/checkpoint" and at >= good.rindex("\u2014".encode())
    return witness_line or "/log/tile/" in path


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_of_what_is_read_is_refused(data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(READ))
    good = GOOD.files[path]
    at = data.draw(st.integers(0, len(good) - 1))
    flip = data.draw(st.integers(1, 255))
    client = Client(GOOD)
    changed = good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :]
    client.plane.files = GOOD.files | {path: changed}
    if _may_be_ignored(path, good, at):
        with suppress(VerificationRefused):
            install(client)
        return
    with pytest.raises(VerificationRefused):
        install(client)


@given(path=st.sampled_from(READ), data=st.binary(max_size=60))
@settings(max_examples=150, deadline=None)
def test_anything_else_in_place_of_an_object_is_refused(path: str, data: bytes) -> None:
    client = Client(GOOD)
    client.plane.files = GOOD.files | {path: data}
    with pytest.raises(VerificationRefused):
        install(client)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        return found + [p for key in value for p in places(value[key], (*path, key))]
    if isinstance(value, list):
        return found + [p for i, inner in enumerate(value) for p in places(inner, (*path, i))]
    return found


@given(kind=st.sampled_from(["timestamp", "bin", "index", "release", "entry"]), data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_registry_that_signs_nonsense_is_refused_or_right(kind: str, data: st.DataObject) -> None:
    """Whole values replaced by any JSON, under good signatures: no other error than ours."""

    def lie(document: Any) -> Any:
        changed = copy.deepcopy(document)
        where = data.draw(st.sampled_from(places(changed) or [()]))
        if not where:
            return changed
        inner = changed
        for key in where[:-1]:
            inner = inner[key]
        inner[where[-1]] = data.draw(JSON)
        return changed

    made = StaticRegistry(GOOD.pki)
    made.hooks[kind] = lie
    try:
        made.publish("acme", "deploy", "1.0.0").build()
    except (ValueError, IndexError):
        return
    with suppress(VerificationRefused, NotFound):
        install(Client(made))
