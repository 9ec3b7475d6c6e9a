"""API tokens and the keys that sign sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """A token that is good now, and whose it is."""

    token_id: str
    scopes: Sequence[str]
    account_id: int
    username: str
    is_admin: bool


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What its owner may see of a token."""

    id: str
    name: str
    hint: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class SessionKeyFacts:
    """A key that signs (the newest) or verifies sessions; ``secret`` is 32 bytes."""

    id: str
    secret: bytes
    created_at: datetime


async def owner_of(connection: AsyncConnection, digest: bytes) -> TokenOwner | None:
    """Return the good token of that digest; None when unknown, expired, revoked or disabled.

    Its last use is noted, at most once a minute so that reads stay reads.
    """
    sql = """
        SELECT t.id, t.scopes, a.id, a.username, a.is_admin
        FROM tokens t JOIN accounts a ON a.id = t.account_id
        WHERE t.token_hash = :digest AND t.revoked_at IS NULL AND t.expires_at > now()
          AND a.disabled_at IS NULL"""
    found = await rows.one_row(connection, TokenOwner, sql, {"digest": digest})
    if found is not None:
        touch = """
            UPDATE tokens SET last_used_at = now() WHERE id = :id
            AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"""
        await rows.run(connection, touch, {"id": found.token_id})
    return found


async def insert_token(
    connection: AsyncConnection,
    *,
    token_id: str,
    account_id: int,
    name: str,
    hint: str,
    digest: bytes,
    scopes: Sequence[str],
    expires_at: datetime,
) -> None:
    """Keep a new token by its digest."""
    sql = """
        INSERT INTO tokens (id, account_id, name, hint, token_hash, scopes, expires_at)
        VALUES (:id, :account, :name, :hint, :digest, :scopes, :expires)"""
    values = {"id": token_id, "account": account_id, "name": name, "hint": hint}
    values |= {"digest": digest, "scopes": list(scopes), "expires": expires_at}
    await rows.run(connection, sql, values)


async def tokens_of(connection: AsyncConnection, account_id: int) -> list[TokenFacts]:
    """Return the account's tokens that are not revoked, newest first."""
    sql = """
        SELECT id, name, hint, scopes, created_at, expires_at, last_used_at FROM tokens
        WHERE account_id = :id AND revoked_at IS NULL ORDER BY created_at DESC, id"""
    return await rows.all_rows(connection, TokenFacts, sql, {"id": account_id})


async def revoke_token(connection: AsyncConnection, account_id: int, token_id: str) -> bool:
    """Revoke one of the account's tokens; False when it has no such token."""
    sql = """
        UPDATE tokens SET revoked_at = now()
        WHERE id = :id AND account_id = :account AND revoked_at IS NULL"""
    return await rows.run(connection, sql, {"id": token_id, "account": account_id}) == 1


async def session_keys(connection: AsyncConnection) -> list[SessionKeyFacts]:
    """Return the keys that still verify sessions, newest first."""
    sql = """
        SELECT id, secret, created_at FROM session_keys WHERE retired_at IS NULL
        ORDER BY created_at DESC, id"""
    return await rows.all_rows(connection, SessionKeyFacts, sql)


async def insert_session_key(connection: AsyncConnection, key_id: str, secret: bytes) -> None:
    """Keep a new session key, and retire those older than 60 days."""
    await rows.run(
        connection,
        "INSERT INTO session_keys (id, secret) VALUES (:id, :secret)",
        {"id": key_id, "secret": secret},
    )
    await rows.run(
        connection,
        "UPDATE session_keys SET retired_at = now() WHERE created_at < now() - interval '60 days'",
    )
