"""The one table of permissions, and what narrows a token."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skreg.domain.permissions import (
    ALL_SCOPES,
    RULES,
    Action,
    MemberRole,
    Principal,
    Scope,
    Staff,
    authorise,
    require_role,
)
from skreg.domain.reserved import RESERVED_NAMESPACES, is_reserved
from skreg.domain.token_limits import neighbourhood, parse_limits, parse_networks, reaches, within
from skreg.errors import Forbidden

ALICE = Principal(1, "alice", ALL_SCOPES, session_id="s")
TOKEN = dataclasses.replace(ALICE, session_id=None, token_id="t")
ORDER = [MemberRole.READER, MemberRole.PUBLISHER, MemberRole.MAINTAINER, MemberRole.OWNER]


def allowed(who: Principal, action: Action, role: MemberRole | None = None) -> bool:
    try:
        authorise(who, action, "acme" if RULES[action].roles else "", role)
    except Forbidden:
        return False
    return True


def test_every_action_has_a_rule() -> None:
    assert set(RULES) == set(Action)


@pytest.mark.parametrize("action", [a for a in Action if RULES[a].roles])
def test_a_higher_role_may_what_a_lower_may(action: Action) -> None:
    found = [allowed(ALICE, action, role) for role in (None, *ORDER)]
    assert found == sorted(found)
    assert found[0] is False
    assert found[-1] is True


@pytest.mark.parametrize("action", list(Action))
def test_a_token_without_the_scope_may_not(action: Action) -> None:
    rule = RULES[action]
    role = MemberRole.OWNER if rule.roles else None
    boss = dataclasses.replace(TOKEN, is_admin=rule.staff is Staff.ONLY)
    assert allowed(boss, action, role) is (rule.scope is not None)
    assert not allowed(
        dataclasses.replace(boss, scopes=ALL_SCOPES - {rule.scope}), action, role
    )  # type: ignore[operator]


def test_administrators_see_and_administer_and_publish_nowhere() -> None:
    boss = dataclasses.replace(ALICE, is_admin=True)
    found = {action for action in Action if RULES[action].roles and allowed(boss, action)}
    assert found == {Action.READ, Action.SEE_MEMBERS}
    assert allowed(boss, Action.ADMINISTER)
    assert not allowed(ALICE, Action.ADMINISTER)


def test_limits_hold_for_services_too() -> None:
    small = dataclasses.replace(TOKEN, limits=("acme/demo",))
    require_role(small, MemberRole.OWNER, "acme", Scope.PUBLISH)
    require_role(small, MemberRole.OWNER, "acme", Scope.PUBLISH, "demo")
    for namespace, package in (("other", None), ("acme", "more"), ("other", "demo")):
        with pytest.raises(Forbidden, match="not for"):
            require_role(small, MemberRole.OWNER, namespace, Scope.PUBLISH, package)
    with pytest.raises(Forbidden, match="not for the namespace"):
        authorise(small, Action.MANAGE, "other", MemberRole.OWNER)
    with pytest.raises(Forbidden, match="whole account"):
        authorise(small, Action.MANAGE_OWN)


@pytest.mark.parametrize("name", sorted(RESERVED_NAMESPACES))
def test_reserved_names_are_names(name: str) -> None:
    from skillpkg.types import Namespace

    Namespace.parse_new(name)
    assert is_reserved(name)


@pytest.mark.parametrize("name", ["bins", "tree", "timestamp"])
def test_folders_of_the_index_are_nobodys(name: str) -> None:
    assert is_reserved(name)
    assert is_reserved(name, by_operator=True)


def test_an_operator_may_be_called_admin() -> None:
    assert (is_reserved("admin"), is_reserved("admin", by_operator=True)) == (True, False)
    assert (is_reserved("adm1n"), is_reserved("acme")) == (True, False)


@given(st.lists(st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5})?", fullmatch=True), max_size=8))
def test_limits_reach_what_they_name_and_no_more(limits: list[str]) -> None:
    parsed = parse_limits([*limits, *limits])
    assert len(parsed) == len(set(limits))
    for item in parsed:
        namespace, _, name = item.partition("/")
        assert reaches(parsed, namespace, name or "any")
    assert reaches(parsed, "elsewhere", "x") is (not parsed)
    assert reaches(("acme/demo",), "acme") is False


@given(st.text(max_size=20))
def test_any_text_is_a_limit_or_a_mistake(text: str) -> None:
    try:
        (found,) = parse_limits([text])
    except ValueError:
        return
    assert found == text


@given(st.ip_addresses())
def test_an_address_is_in_its_own_network(address: object) -> None:
    networks = parse_networks([str(address)])
    assert within(str(address), networks)
    assert neighbourhood(str(address)) != "unknown"
    assert within(str(address), ())


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        ("10.1.2.3", ["10.0.0.0/8"], True),
        ("::ffff:10.1.2.3", ["10.0.0.0/8"], True),
        ("11.1.2.3", ["10.0.0.0/8"], False),
        ("2001:db8::1", ["10.0.0.0/8", "2001:db8::/32"], True),
        (None, ["0.0.0.0/0"], False),
        ("unix", ["0.0.0.0/0"], False),
    ],
)
def test_networks(address: str | None, networks: list[str], expected: bool) -> None:
    assert within(address, parse_networks(networks)) is expected


def test_one_host_is_one_neighbourhood() -> None:
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::2:3")
    assert neighbourhood("::ffff:192.0.2.1") == neighbourhood("192.0.2.1") == "192.0.2.1"
    assert neighbourhood(None) == neighbourhood("unix") == "unknown"
