"""What a caller may see of a private registry; in a public one everybody sees everything."""

from __future__ import annotations

from skreg.bootstrap import ApiContainer
from skreg.db.pool import reading
from skreg.db.queries import readers
from skreg.db.queries.readers import WHOLE, Sight
from skreg.domain.permissions import Principal
from skreg.errors import Missing


async def of(container: ApiContainer, principal: Principal | None) -> Sight:
    """Return what lists may show to a caller that the entrance has let in."""
    if container.settings.visibility == "public" or principal is None:
        return WHOLE
    async with reading(container.pool) as connection:
        only = (
            await readers.within_limits(connection, principal.limits) if principal.limits else None
        )
        if principal.is_admin:
            return Sight(only)
        return Sight(only, await readers.hidden_from(connection, principal.account_id))


async def require(container: ApiContainer, principal: Principal, namespace: str, name: str) -> None:
    """Pass when the caller may read the package, or is a member of its namespace.

    Raises:
        Missing: no right, or no such package: the same words after the same work.
    """
    if not await may_read(container, principal, namespace, name):
        raise Missing(f"There is no package {namespace}/{name}.")


async def may_read(
    container: ApiContainer, principal: Principal, namespace: str, name: str
) -> bool:
    """Whether the caller may read a package; False too when there is none."""
    async with reading(container.pool) as connection:
        allowed = await readers.may_read(connection, principal.account_id, namespace, name)
    return (allowed or principal.is_admin) and principal.reaches(namespace, name)
