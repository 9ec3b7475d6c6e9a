"""Who may do what: ``RULES`` is the one table; everything else here reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from skreg.domain.token_limits import reaches
from skreg.errors import Forbidden


class Scope(StrEnum):
    """What a token was issued for."""

    READ = "read"
    PUBLISH = "publish"
    YANK = "yank"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)


class MemberRole(StrEnum):
    """What a member is in a namespace; each may do what the ones below it may."""

    OWNER = "owner"
    MAINTAINER = "maintainer"
    PUBLISHER = "publisher"
    READER = "reader"


class Action(StrEnum):
    """What somebody may be allowed or refused."""

    READ = "read"
    SEE_MEMBERS = "see the members"
    PUBLISH = "publish"
    YANK = "yank"
    MANAGE = "manage the namespace"
    LEAVE = "leave the namespace"
    REPORT = "report a version"
    SEE_OWN = "see what belongs to the account"
    MANAGE_OWN = "change what belongs to the account"
    PROVE_ONESELF = "do what only a login may"
    ADMINISTER = "administer the registry"


class Staff(StrEnum):
    """What being an administrator adds: nothing, the right as well, or it is what is needed."""

    NOTHING = "nothing"
    ALSO = "also"
    ONLY = "only"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may act.

    Attributes:
        scope: what a token must carry; None for an action of a session alone.
        roles: the roles in the namespace that may; empty when no namespace is concerned.
    """

    scope: Scope | None
    roles: frozenset[MemberRole] = frozenset()
    staff: Staff = Staff.NOTHING


_OWNERS = frozenset({MemberRole.OWNER})
_MAINTAINERS = _OWNERS | {MemberRole.MAINTAINER}
_PUBLISHERS = _MAINTAINERS | {MemberRole.PUBLISHER}
_MEMBERS = frozenset(MemberRole)

RULES: dict[Action, Rule] = {
    Action.READ: Rule(Scope.READ, _MEMBERS, Staff.ALSO),
    Action.SEE_MEMBERS: Rule(Scope.READ, _MEMBERS, Staff.ALSO),
    Action.PUBLISH: Rule(Scope.PUBLISH, _PUBLISHERS),
    Action.YANK: Rule(Scope.YANK, _MAINTAINERS),
    Action.MANAGE: Rule(Scope.ADMIN, _OWNERS),
    Action.LEAVE: Rule(Scope.ADMIN, _MEMBERS),
    Action.REPORT: Rule(Scope.READ),
    Action.SEE_OWN: Rule(Scope.READ),
    Action.MANAGE_OWN: Rule(Scope.ADMIN),
    Action.PROVE_ONESELF: Rule(None),
    Action.ADMINISTER: Rule(Scope.ADMIN, staff=Staff.ONLY),
}
"""Action -> the token scope and the roles it takes."""

_BY_SCOPE = {
    Scope.READ: Action.READ,
    Scope.PUBLISH: Action.PUBLISH,
    Scope.YANK: Action.YANK,
    Scope.ADMIN: Action.MANAGE,
}


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller.

    Attributes:
        is_admin: has an administrator's rights with this credential.
        token_id: None for a session.  session_id: None for a token.
        limits: namespaces or ``ns/name`` the token is limited to; empty is everything.
        read_only: the token changes nothing, whatever its scopes.
        address: where the request came from.  expires_at: when the token ends.
    """

    account_id: int
    username: str
    scopes: frozenset[Scope]
    is_admin: bool = False
    token_id: str | None = None
    session_id: str | None = None
    limits: tuple[str, ...] = ()
    read_only: bool = False
    address: str | None = None
    expires_at: datetime | None = None

    def require(self, scope: Scope) -> None:
        """Pass when the credential carries ``scope``.

        Raises:
            Forbidden: it does not; the message names the scope that is needed.
        """
        if scope not in self.scopes:
            raise Forbidden(
                f"This token may not {scope.value}.",
                why=f"It carries: {', '.join(sorted(self.scopes)) or 'nothing'}.",
                fix=f"Create a token with the scope {scope.value!r}.",
            )

    def reaches(self, namespace: str, package: str | None = None) -> bool:
        """Whether the token's limits include a package, or a whole namespace."""
        return reaches(self.limits, namespace, package)


def authorise(
    principal: Principal,
    action: Action,
    namespace: str = "",
    role: MemberRole | None = None,
) -> None:
    """Pass when ``RULES`` allows the action; ``role`` is the caller's in ``namespace``.

    Raises:
        Forbidden: credential, role or both are too small; the message says which.
    """
    rule = RULES[action]
    _check_credential(principal, rule, namespace)
    if rule.staff is not Staff.NOTHING and principal.is_admin:
        return
    if rule.staff is Staff.ONLY:
        raise Forbidden("This is for the registry's administrators.")
    if rule.roles and role not in rule.roles:
        raise Forbidden(
            f"{principal.username} may not {action.value} in the namespace {namespace}.",
            why="Not a member." if role is None else f"The role there is {role.value}.",
            fix=f"Ask an owner of {namespace}.",
        )


def _check_credential(principal: Principal, rule: Rule, namespace: str) -> None:
    if rule.scope is None:
        if principal.token_id is not None:
            raise Forbidden("A token is not enough for this.", fix="Log in with the password.")
        return
    principal.require(rule.scope)
    if namespace and not _touches(principal.limits, namespace):
        raise _elsewhere(principal, f"the namespace {namespace}")
    if not namespace and principal.limits and rule.scope is Scope.ADMIN:
        raise Forbidden(
            "A token with limits may not act for the whole account.",
            why=f"It is limited to {', '.join(principal.limits)}.",
        )


def _touches(limits: tuple[str, ...], namespace: str) -> bool:
    return not limits or any(item.partition("/")[0] == namespace for item in limits)


def require_role(
    principal: Principal,
    role: MemberRole | None,
    namespace: str,
    to: Scope,
    package: str | None = None,
) -> None:
    """Pass when ``role`` in ``namespace`` and the token's limits allow what ``to`` names.

    Raises:
        Forbidden: the caller is no member there, the role is too small, or the token is not for
            that namespace or package.
    """
    if principal.read_only and to is not Scope.READ:
        raise only_reads()
    if package is not None and not principal.reaches(namespace, package):
        raise _elsewhere(principal, f"{namespace}/{package}")
    if not _touches(principal.limits, namespace):
        raise _elsewhere(principal, f"the namespace {namespace}")
    if role not in RULES[_BY_SCOPE[to]].roles:
        raise Forbidden(
            f"{principal.username} may not {to.value} in the namespace {namespace}.",
            why="Not a member." if role is None else f"The role there is {role.value}.",
            fix=f"Ask an owner of {namespace}.",
        )


def only_reads() -> Forbidden:
    """Return the refusal of a token that changes nothing."""
    return Forbidden(
        "This token only reads.", fix="Create one without read_only for what changes things."
    )


def _elsewhere(principal: Principal, place: str) -> Forbidden:
    why = f"It is limited to {', '.join(principal.limits)}."
    return Forbidden(f"This token is not for {place}.", why=why)
