"""What a caller may see of a private registry; in a public one everybody sees everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skreg.bootstrap import ApiContainer
from skreg.db.engine import reading
from skreg.db.queries import readers
from skreg.domain.permissions import Principal, Scope
from skreg.errors import Missing


@dataclass(frozen=True, slots=True)
class Sight:
    """The packages that lists may show, by number.

    Attributes:
        only: nothing else is shown; None for no such bound.
        hidden: these are not shown.
    """

    only: Sequence[int] | None = None
    hidden: Sequence[int] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything is seen."""
        return self.only is None and not self.hidden

    def condition(self, column: str) -> str:
        """Return the SQL condition on a package's number, to follow an AND; parts are bound."""
        return (
            f"(CAST(:sight_only AS bigint[]) IS NULL OR {column} = ANY(:sight_only))"
            f" AND {column} <> ALL(CAST(:sight_hidden AS bigint[]))"
        )

    def values(self) -> dict[str, object]:
        """Return what ``condition`` binds."""
        only = None if self.only is None else list(self.only)
        return {"sight_only": only, "sight_hidden": list(self.hidden)}


WHOLE = Sight()


async def of(container: ApiContainer, principal: Principal | None) -> Sight:
    """Return what lists may show to a caller that the entrance has let in."""
    if container.settings.visibility == "public" or principal is None:
        return WHOLE
    async with reading(container.engine) as connection:
        only = (
            await readers.within_limits(connection, principal.limits) if principal.limits else None
        )
        if principal.is_admin:
            return Sight(only)
        return Sight(only, await readers.hidden_from(connection, principal.account_id))


async def require(
    container: ApiContainer, principal: Principal, namespace: str, name: str
) -> None:
    """Pass when the caller may read the package, or is a member of its namespace.

    Raises:
        Forbidden: the token is for something else than reading, publishing or yanking.
        Missing: no right, or no such package: the same words after the same work.
    """
    if not await may_read(container, principal, namespace, name):
        raise Missing(f"There is no package {namespace}/{name}.")


async def may_read(
    container: ApiContainer, principal: Principal, namespace: str, name: str
) -> bool:
    """Whether the caller may read a package; False too when there is none."""
    async with reading(container.engine) as connection:
        allowed = await readers.may_read(connection, principal.account_id, namespace, name)
    return (allowed or principal.is_admin) and principal.reaches(namespace, name)


def may_read_at_all(principal: Principal) -> bool:
    """Whether the credential is for reading: a token for publishing alone is not."""
    return Scope.READ in principal.scopes
