"""Reading the audit log; rows are written by ``accounts.record`` and never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line; ``staff``: done with an administrator's rights."""

    id: int
    at: datetime
    account: str | None
    action: str
    subject: str
    address: str | None
    staff: bool
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to look for; None is anything. ``subject`` also finds what is below it."""

    account: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    staff: bool | None = None


_STAFF = "coalesce(CAST(u.details ->> 'staff' AS boolean), false)"
_LINE = f"""
    SELECT u.id, u.at, a.username, u.action, u.subject, u.address, {_STAFF}, u.details
    FROM audit u LEFT JOIN accounts a ON a.id = u.account_id WHERE """  # noqa: S608
_CONDITIONS = {
    "account": "u.account_id = (SELECT id FROM accounts WHERE username = :account)",
    "action": "u.action = :action",
    "subject": "(u.subject = :subject OR u.subject LIKE :below OR u.subject LIKE :version)",
    "since": "u.at >= :since",
    "until": "u.at < :until",
    "staff": f"{_STAFF} = :staff",
}


async def newest(
    connection: Connection, wanted: AuditFilter, before: int | None, limit: int
) -> list[AuditLine]:
    """Return lines, newest first, those before a line's number."""
    conditions, values = _where(wanted)
    if before is not None:
        conditions.append("u.id < :before")
        values["before"] = before
    sql = f"{_LINE}{' AND '.join(conditions)} ORDER BY u.id DESC LIMIT :limit"
    return await rows.all_rows(connection, AuditLine, sql, {**values, "limit": limit})


async def oldest(
    connection: Connection, wanted: AuditFilter, after: int, limit: int
) -> list[AuditLine]:
    """Return lines, oldest first, those after a line's number: for an export."""
    conditions, values = _where(wanted)
    sql = f"{_LINE}{' AND '.join([*conditions, 'u.id > :after'])} ORDER BY u.id LIMIT :limit"
    values |= {"after": after, "limit": limit}
    return await rows.all_rows(connection, AuditLine, sql, values)


def _where(wanted: AuditFilter) -> tuple[list[str], dict[str, object]]:
    given = {name: getattr(wanted, name) for name in _CONDITIONS}
    values: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    conditions = ["true", *(_CONDITIONS[name] for name in values)]
    if wanted.subject is not None:
        escaped = wanted.subject.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values |= {"below": f"{escaped}/%", "version": f"{escaped}@%"}
    return conditions, values
