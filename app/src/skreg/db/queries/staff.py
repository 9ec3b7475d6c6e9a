"""What administrators look up and change of accounts and namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.db.queries.namespaces import NamespaceFacts


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account as administrators see it; nothing a login is made of."""

    id: int
    username: str
    email: str | None
    is_admin: bool
    created_at: datetime
    disabled_at: datetime | None
    tokens: int


_ACCOUNTS = """
    SELECT a.id, a.username, a.email, a.is_admin, a.created_at, a.disabled_at,
           (SELECT count(*) FROM tokens t WHERE t.account_id = a.id AND t.revoked_at IS NULL
            AND t.expires_at > now())
    FROM accounts a WHERE"""


async def accounts_after(connection: Connection, cursor: str, limit: int) -> list[AccountLine]:
    """Return accounts by name, those after ``cursor``."""
    sql = f"{_ACCOUNTS} a.username > :cursor ORDER BY a.username LIMIT :limit"
    return await rows.all_rows(connection, AccountLine, sql, {"cursor": cursor, "limit": limit})


async def account(connection: Connection, username: str) -> AccountLine | None:
    """Return one account."""
    sql = f"{_ACCOUNTS} a.username = :name"
    return await rows.one_row(connection, AccountLine, sql, {"name": username})


async def set_disabled(connection: Connection, account_id: int, *, disabled: bool) -> None:
    """Disable an account, or let it in again; its sessions are over in either case."""
    sql = """
        UPDATE accounts SET session_generation = session_generation + 1,
            disabled_at = CASE WHEN :disabled THEN coalesce(disabled_at, now()) END
        WHERE id = :id"""
    await rows.run(connection, sql, {"id": account_id, "disabled": disabled})


async def set_admin(connection: Connection, account_id: int, *, is_admin: bool) -> None:
    """Give or take an administrator's rights."""
    sql = "UPDATE accounts SET is_admin = :admin WHERE id = :id"
    await rows.run(connection, sql, {"id": account_id, "admin": is_admin})


async def other_admins(connection: Connection, account_id: int) -> int:
    """Return how many administrators that may log in there are beside one, and hold them."""
    sql = """
        SELECT count(*) FROM (SELECT id FROM accounts
        WHERE is_admin AND disabled_at IS NULL AND id <> :id FOR UPDATE) AS others"""
    return int(await rows.scalar(connection, sql, {"id": account_id}))


async def namespaces_after(connection: Connection, cursor: str, limit: int) -> list[NamespaceFacts]:
    """Return namespaces by name, those after ``cursor``."""
    sql = """
        SELECT id, name, kind, created_at, banned_at, banned_reason FROM namespaces
        WHERE name > :cursor ORDER BY name LIMIT :limit"""
    return await rows.all_rows(connection, NamespaceFacts, sql, {"cursor": cursor, "limit": limit})
