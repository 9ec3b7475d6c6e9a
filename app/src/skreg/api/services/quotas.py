"""How much a namespace may hold, and raising that for one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from skreg.api.services.namespaces import by_name
from skreg.api.services.staff import Actor
from skreg.bootstrap import ApiContainer
from skreg.db.pool import Connection, reading, writing
from skreg.db.queries import accounts, quotas
from skreg.db.queries.quotas import Usage
from skreg.domain.permissions import Action, Principal, authorise
from skreg.domain.quotas import Quota, exceeded
from skreg.errors import Missing, TooManyRequests
from skreg.settings import ApiSettings


@dataclass(frozen=True, slots=True)
class Standing:
    """A namespace's use beside what it may use."""

    used: Quota[int]
    allowed: Quota[int]


async def require(
    connection: Connection, container: ApiContainer, namespace_id: int, namespace: str
) -> None:
    """Pass when the namespace is within its quotas, what this transaction did counted.

    Raises:
        TooManyRequests: it is beyond one; the transaction must not be committed.
    """
    require_within(container, namespace, await quotas.usage(connection, namespace_id))


def require_within(container: ApiContainer, namespace: str, usage: Usage) -> None:
    """Pass when what is used is within the namespace's quotas.

    Raises:
        TooManyRequests: it is beyond one; the transaction must not be committed.
    """
    standing = _standing(usage, container.settings)
    why = exceeded(standing.used, standing.allowed)
    if why is not None:
        raise TooManyRequests(
            f"The namespace {namespace} has used up its quota.",
            why=why,
            fix="An administrator of the registry can raise it.",
            retry_after=_until_tomorrow(container.clock()),
        )


async def show(container: ApiContainer, principal: Principal, namespace: str) -> Standing:
    """Return a namespace's standing, to its members and administrators.

    Raises:
        Missing, Forbidden
    """
    async with reading(container.pool) as connection:
        access = await accounts.access(connection, namespace, principal.account_id)
        if access is None:
            raise Missing(f"There is no namespace {namespace}.")
        authorise(principal, Action.SEE_MEMBERS, namespace, access.member_role)
        return _standing(await quotas.usage(connection, access.id), container.settings)


async def grant(actor: Actor, namespace: str, quota: Quota[int | None]) -> None:
    """Set what a namespace may use; None takes the registry's setting.

    Raises:
        Missing: no such namespace.
    """
    async with writing(actor.pool) as connection:
        found = await by_name(connection, namespace)
        await quotas.grant(connection, found.id, quota)
        details = {**asdict(quota), "staff": True}
        await accounts.record(
            connection, actor.account_id, "quota-set", namespace, actor.address, details
        )


def _standing(found: Usage, settings: ApiSettings) -> Standing:
    used = Quota(found.packages, found.versions_today, found.bytes)
    granted = (found.granted_packages, found.granted_versions_per_day, found.granted_bytes)
    usual = (settings.quota_packages, settings.quota_versions_per_day, settings.quota_bytes)
    chosen = [own if own is not None else other for own, other in zip(granted, usual, strict=True)]
    return Standing(used, Quota(*chosen))


def _until_tomorrow(now: datetime) -> int:
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((tomorrow - now).total_seconds()) + 1
