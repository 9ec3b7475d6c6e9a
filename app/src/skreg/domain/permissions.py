"""Who a request comes from and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from skreg.errors import Forbidden


class Scope(StrEnum):
    """What a token was issued for."""

    READ = "read"
    PUBLISH = "publish"
    YANK = "yank"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)


class MemberRole(StrEnum):
    """What a member may do in a namespace: owners also yank and manage."""

    OWNER = "owner"
    PUBLISHER = "publisher"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller; ``token_id`` is None for a session."""

    account_id: int
    username: str
    scopes: frozenset[Scope]
    is_admin: bool = False
    token_id: str | None = None

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


ROLES_FOR: dict[Scope, frozenset[MemberRole]] = {
    Scope.PUBLISH: frozenset({MemberRole.OWNER, MemberRole.PUBLISHER}),
    Scope.YANK: frozenset({MemberRole.OWNER}),
    Scope.ADMIN: frozenset({MemberRole.OWNER}),
}
"""Scope -> the roles in a namespace that may use it there."""


def require_role(principal: Principal, role: MemberRole | None, namespace: str, to: Scope) -> None:
    """Pass when ``role`` in ``namespace`` allows what ``to`` names.

    Raises:
        Forbidden: the caller is no member there, or the role is too small.
    """
    if role in ROLES_FOR[to]:
        return
    raise Forbidden(
        f"{principal.username} may not {to.value} in the namespace {namespace}.",
        why="Not a member." if role is None else f"The role there is {role.value}.",
        fix=f"Ask an owner of {namespace}.",
    )
