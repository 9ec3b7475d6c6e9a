"""Who acts, with what changes need: a caller of the API, or the operator at the shell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skreg.bootstrap import ApiContainer, utc_now
from skreg.db.queries import accounts
from skreg.domain.permissions import Principal

if TYPE_CHECKING:
    import procrastinate

    from skreg.db.pool import Connection, Pool
    from skreg.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class Desk:
    """Database and queue, and who acts; ``account_id`` None is the operator at the shell.

    Attributes:
        staff: acts with an administrator's rights, which the audit log marks.
    """

    pool: Pool
    queue: procrastinate.App
    clock: Clock = utc_now
    account_id: int | None = None
    address: str | None = None
    staff: bool = True

    @classmethod
    def of(cls, container: ApiContainer, principal: Principal, *, staff: bool) -> Desk:
        """Return the caller of a route as the one who acts."""
        return cls(
            container.pool,
            container.queue,
            container.clock,
            principal.account_id,
            principal.address,
            staff,
        )

    async def record(
        self, connection: Connection, action: str, subject: str, **details: object
    ) -> None:
        """Write one line of the audit log."""
        told = {**details, "staff": True} if self.staff else details
        await accounts.record(connection, self.account_id, action, subject, self.address, told)
