"""The account that trusted publishers' uploads are kept under, and what its tokens may do."""

from __future__ import annotations

from skreg.domain.permissions import MemberRole, Principal

TRUSTED_ACCOUNT = "oidc:trusted-publisher"
"""No person has it: it has no password, and the colon is in no username that can be chosen."""


def is_trusted(principal: Principal) -> bool:
    """Whether the caller is a CI job with a token that its provider's identity bought."""
    return principal.username == TRUSTED_ACCOUNT and principal.token_id is not None


def role_for(
    principal: Principal, role: MemberRole | None, namespace: str, package: str | None
) -> MemberRole | None:
    """Return the role to judge a caller by: a CI job is a publisher of its one package."""
    if not is_trusted(principal):
        return role
    mine = package is not None and f"{namespace}/{package}" in principal.limits
    return MemberRole.PUBLISHER if mine else None
