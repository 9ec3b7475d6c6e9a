"""API tokens and the keys that sign sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class TokenOwner:
    """A token that is good now, and whose it is; ``is_stale``: its last use is to be noted."""

    token_id: str
    scopes: Sequence[str]
    limits: Sequence[str]
    networks: Sequence[str]
    read_only: bool
    expires_at: datetime
    account_id: int
    username: str
    is_admin: bool
    is_stale: bool


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
    last_used_from: str | None
    limits: Sequence[str]
    networks: Sequence[str]
    read_only: bool


@dataclass(frozen=True, slots=True)
class SessionKeyFacts:
    """A key that signs (the newest) or verifies sessions; ``secret`` is 32 bytes."""

    id: str
    secret: bytes
    created_at: datetime


async def owner_of(connection: Connection, digest: bytes) -> TokenOwner | None:
    """Return the good token of that digest; None when unknown, expired, revoked or disabled."""
    sql = """
        SELECT t.id, t.scopes, t.limits, t.networks, t.read_only, t.expires_at,
               a.id, a.username, a.is_admin,
               t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute'
        FROM tokens t JOIN accounts a ON a.id = t.account_id
        WHERE t.token_hash = :digest AND t.revoked_at IS NULL AND t.expires_at > now()
          AND a.disabled_at IS NULL"""
    return await rows.one_row(connection, TokenOwner, sql, {"digest": digest})


async def note_use(connection: Connection, token_id: str, address: str | None) -> None:
    """Note a token's use, unless another process did so within the minute."""
    sql = """
        UPDATE tokens SET last_used_at = now(), last_used_from = :address WHERE id = :id
        AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"""
    await rows.run(connection, sql, {"id": token_id, "address": address})


async def insert_token(
    connection: Connection,
    *,
    token_id: str,
    account_id: int,
    name: str,
    hint: str,
    digest: bytes,
    scopes: Sequence[str],
    expires_at: datetime,
    limits: Sequence[str] = (),
    networks: Sequence[str] = (),
    read_only: bool = False,
) -> None:
    """Keep a new token by its digest; ``limits`` and ``networks`` empty are no restriction."""
    sql = """
        INSERT INTO tokens (id, account_id, name, hint, token_hash, scopes, expires_at, limits,
                            networks, read_only)
        VALUES (:id, :account, :name, :hint, :digest, :scopes, :expires, :limits, :networks,
                :read_only)"""
    values = {"id": token_id, "account": account_id, "name": name, "hint": hint}
    values |= {"digest": digest, "scopes": list(scopes), "expires": expires_at}
    values |= {"limits": list(limits), "networks": list(networks), "read_only": read_only}
    await rows.run(connection, sql, values)


async def tokens_of(connection: Connection, account_id: int) -> list[TokenFacts]:
    """Return the account's tokens that are neither revoked nor expired, newest first."""
    sql = """
        SELECT id, name, hint, scopes, created_at, expires_at, last_used_at, last_used_from,
               limits, networks, read_only
        FROM tokens WHERE account_id = :id AND revoked_at IS NULL AND expires_at > now()
        ORDER BY created_at DESC, id"""
    return await rows.all_rows(connection, TokenFacts, sql, {"id": account_id})


async def count_tokens(connection: Connection, account_id: int) -> int:
    """Return how many good tokens an account has, and hold its row until the end."""
    await rows.run(
        connection, "SELECT id FROM accounts WHERE id = :id FOR UPDATE", {"id": account_id}
    )
    sql = """
        SELECT count(*) FROM tokens
        WHERE account_id = :id AND revoked_at IS NULL AND expires_at > now()"""
    return int(await rows.scalar(connection, sql, {"id": account_id}))


@dataclass(frozen=True, slots=True)
class Leaked:
    """A token that was shown to the registry by somebody who found it."""

    token_id: str
    account_id: int


async def revoke_leaked(connection: Connection, digest: bytes) -> Leaked | None:
    """Revoke the token of that digest; None when it is unknown or was revoked before."""
    sql = """
        UPDATE tokens SET revoked_at = now() WHERE token_hash = :digest AND revoked_at IS NULL
        RETURNING id, account_id"""
    return await rows.one_row(connection, Leaked, sql, {"digest": digest})


async def revoke_all(connection: Connection, account_id: int) -> int:
    """Revoke every token of an account; returns how many were good."""
    sql = "UPDATE tokens SET revoked_at = now() WHERE account_id = :id AND revoked_at IS NULL"
    return await rows.run(connection, sql, {"id": account_id})


async def revoke_token(connection: Connection, account_id: int, token_id: str) -> bool:
    """Revoke one of the account's tokens; False when it has no such token."""
    sql = """
        UPDATE tokens SET revoked_at = now()
        WHERE id = :id AND account_id = :account AND revoked_at IS NULL"""
    return await rows.run(connection, sql, {"id": token_id, "account": account_id}) == 1


async def session_keys(connection: Connection) -> list[SessionKeyFacts]:
    """Return the keys that still verify sessions, newest first."""
    sql = """
        SELECT id, secret, created_at FROM session_keys WHERE retired_at IS NULL
        ORDER BY created_at DESC, id"""
    return await rows.all_rows(connection, SessionKeyFacts, sql)


async def insert_session_key(connection: Connection, key_id: str, secret: bytes) -> None:
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


async def sealed_keys(connection: Connection, sealing: str) -> list[SessionKeyFacts]:
    """Return the keys sealed under one sealing key, still sealed, newest first."""
    sql = """
        SELECT id, sealed, created_at FROM session_secrets
        WHERE retired_at IS NULL AND sealing = :sealing ORDER BY created_at DESC, id"""
    return await rows.all_rows(connection, SessionKeyFacts, sql, {"sealing": sealing})


async def insert_sealed_key(
    connection: Connection, key_id: str, sealing: str, sealed: bytes
) -> None:
    """Keep a new sealed session key, and retire those older than 60 days."""
    await rows.run(
        connection,
        "INSERT INTO session_secrets (id, sealing, sealed) VALUES (:id, :sealing, :sealed)",
        {"id": key_id, "sealing": sealing, "sealed": sealed},
    )
    await rows.run(
        connection,
        "UPDATE session_secrets SET retired_at = now() "
        "WHERE created_at < now() - interval '60 days'",
    )


async def retire_session_keys(connection: Connection) -> int:
    """Let no key of today verify sessions any more, sealed or not; returns how many there were."""
    open_ones = "UPDATE session_keys SET retired_at = now() WHERE retired_at IS NULL"
    sealed = "UPDATE session_secrets SET retired_at = now() WHERE retired_at IS NULL"
    return await rows.run(connection, open_ones) + await rows.run(connection, sealed)


@dataclass(frozen=True, slots=True)
class SessionOwner:
    """Whose a session is, and whether it was ended."""

    account_id: int
    username: str
    is_admin: bool
    is_over: bool


async def owner_of_session(
    connection: Connection, account_id: int, session_id: str, generation: int
) -> SessionOwner | None:
    """Return the account of a session; over when logged out, disabled or of an old generation."""
    sql = """
        SELECT id, username, is_admin,
               disabled_at IS NOT NULL OR session_generation <> :generation
               OR EXISTS (SELECT 1 FROM ended_sessions e WHERE e.id = :session)
        FROM accounts WHERE id = :id"""
    values = {"id": account_id, "session": session_id, "generation": generation}
    return await rows.one_row(connection, SessionOwner, sql, values)


async def end_session(connection: Connection, session_id: str, expires_at: datetime) -> None:
    """Refuse a session from now on; sessions that have expired since are forgotten."""
    sql = """
        INSERT INTO ended_sessions (id, expires_at) VALUES (:id, :expires)
        ON CONFLICT (id) DO NOTHING"""
    await rows.run(connection, sql, {"id": session_id, "expires": expires_at})
    await rows.run(connection, "DELETE FROM ended_sessions WHERE expires_at < now()")
