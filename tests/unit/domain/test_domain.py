"""Rules without I/O: states, tokens, permissions, latest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skreg.domain import tokens
from skreg.domain.permissions import MemberRole, Principal, Scope, require_role
from skreg.domain.states import FOLLOWS, UNFINISHED, VISIBLE, VersionState, may_become
from skreg.domain.versions import latest
from skreg.errors import Forbidden


def test_every_state_leads_to_an_end() -> None:
    assert set(FOLLOWS) == set(VersionState)
    assert not VISIBLE & UNFINISHED
    for state in UNFINISHED:
        assert FOLLOWS[state]
    assert may_become(VersionState.PUBLISHED, VersionState.YANKED)
    assert not may_become(VersionState.WITHDRAWN, VersionState.PUBLISHED)


def test_a_token_is_told_from_a_mistyped_one() -> None:
    new = tokens.mint()
    assert tokens.looks_like(new.secret)
    assert new.secret.startswith(new.hint)
    assert tokens.digest_of(new.secret) == new.digest
    changed = new.secret[:-8] + ("A" if new.secret[-8] != "A" else "B") + new.secret[-7:]
    assert not tokens.looks_like(changed)


@given(st.text())
def test_any_other_text_is_no_token(text: str) -> None:
    assert not tokens.looks_like(text)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([("1.0.0", "published"), ("1.10.0", "published"), ("1.9.0", "published")], "1.10.0"),
        ([("1.0.0", "published"), ("2.0.0-rc.1", "published")], "1.0.0"),
        ([("2.0.0-rc.1", "published"), ("2.0.0-rc.2", "published")], "2.0.0-rc.2"),
        ([("1.0.0", "yanked"), ("0.9.0", "published")], "0.9.0"),
        ([("1.0.0", "withdrawn")], None),
        ([], None),
    ],
)
def test_latest(versions: list[tuple[str, str]], expected: str | None) -> None:
    assert latest(versions) == expected


def test_scopes_and_roles() -> None:
    reader = Principal(1, "alice", frozenset({Scope.READ}))
    reader.require(Scope.READ)
    with pytest.raises(Forbidden, match="may not publish"):
        reader.require(Scope.PUBLISH)
    require_role(reader, MemberRole.PUBLISHER, "acme", Scope.PUBLISH)
    with pytest.raises(Forbidden, match="may not yank"):
        require_role(reader, MemberRole.PUBLISHER, "acme", Scope.YANK)
    with pytest.raises(Forbidden, match="Not a member"):
        require_role(reader, None, "acme", Scope.PUBLISH)
