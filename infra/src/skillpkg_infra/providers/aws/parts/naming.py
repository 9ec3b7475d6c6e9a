"""Names that must be known before the thing exists."""

from __future__ import annotations

import hashlib

import pulumi

from skillpkg_infra.providers.aws.parts.account import Account
from skillpkg_infra.rights import Identity

ROLE_NAME_LIMIT = 64


def role_name(identity: Identity) -> str:
    """Return the name of a workload's role: key policies name it before compute makes it."""
    return physical(str(identity), ROLE_NAME_LIMIT)


def physical(part: str, limit: int) -> str:
    """Return a name that no other stack of the account has, where AWS makes none up itself."""
    name = f"{pulumi.get_project()}-{pulumi.get_stack()}-{part}"
    if len(name) <= limit:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: limit - len(mark) - 1].rstrip('-')}-{mark}"


def role_arn(account: Account, identity: Identity) -> pulumi.Output[str]:
    """Return the ARN that the workload's role has, or will have."""
    return account.arn("iam", f"role/{role_name(identity)}", region=False)
