"""Logins that wait elsewhere: devices (RFC 8628) and the way to an OIDC provider and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows

MAX_WAITING = 10_000
"""Device logins that may wait at the same time, in all."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a person is shown of a device's login before deciding."""

    user_code: str
    client: str
    scopes: Sequence[str]
    address: str | None
    created_at: datetime
    expires_at: datetime


async def insert(
    connection: Connection,
    *,
    digest: bytes,
    user_code: str,
    client: str,
    scopes: Sequence[str],
    address: str | None,
    expires_at: datetime,
    pause: int,
) -> bool:
    """Keep a device's login; False when the code is in use or too many wait."""
    await rows.run(connection, "DELETE FROM device_logins WHERE expires_at < now()")
    sql = """
        INSERT INTO device_logins (device_hash, user_code, client, scopes, address, expires_at,
                                   pause)
        SELECT :digest, :user_code, :client, :scopes, :address, :expires, :pause
        WHERE (SELECT count(*) FROM device_logins) < :most
        ON CONFLICT DO NOTHING"""
    values: dict[str, object] = {"digest": digest, "user_code": user_code, "client": client}
    values |= {"scopes": list(scopes), "address": address, "expires": expires_at, "pause": pause}
    return await rows.run(connection, sql, {**values, "most": MAX_WAITING}) == 1


async def waiting(connection: Connection, user_code: str) -> Waiting | None:
    """Return the undecided login with that code."""
    sql = """
        SELECT user_code, client, scopes, address, created_at, expires_at FROM device_logins
        WHERE user_code = :code AND account_id IS NULL AND NOT refused AND expires_at > now()"""
    return await rows.one_row(connection, Waiting, sql, {"code": user_code})


async def decide(
    connection: Connection, user_code: str, account_id: int, *, approved: bool
) -> bool:
    """Approve or refuse once; False when there is nothing to decide."""
    sql = """
        UPDATE device_logins SET account_id = :account, refused = NOT :approved
        WHERE user_code = :code AND account_id IS NULL AND NOT refused AND expires_at > now()"""
    values = {"code": user_code, "account": account_id, "approved": approved}
    return await rows.run(connection, sql, values) == 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A device's login when its token is asked for; ``is_early``: sooner than it may be."""

    client: str
    scopes: Sequence[str]
    account_id: int | None
    refused: bool
    is_over: bool
    is_early: bool


async def ask(connection: Connection, digest: bytes) -> Asked | None:
    """Note that the token was asked for; asking early makes the pause five seconds longer."""
    sql = """
        SELECT client, scopes, account_id, refused, expires_at <= now(),
               asked_at IS NOT NULL AND asked_at > now() - pause * interval '1 second'
        FROM device_logins WHERE device_hash = :digest FOR UPDATE"""
    found = await rows.one_row(connection, Asked, sql, {"digest": digest})
    if found is not None:
        touch = """
            UPDATE device_logins SET asked_at = now(), pause = least(pause + :more, 60)
            WHERE device_hash = :digest"""
        await rows.run(connection, touch, {"digest": digest, "more": 5 if found.is_early else 0})
    return found


async def remove(connection: Connection, digest: bytes) -> None:
    """Forget a device's login: its token is handed out once."""
    sql = "DELETE FROM device_logins WHERE device_hash = :digest"
    await rows.run(connection, sql, {"digest": digest})


@dataclass(frozen=True, slots=True)
class OidcBegun:
    """What was remembered of a login at the provider."""

    browser_hash: bytes
    nonce: str
    verifier: str
    user_code: str | None


async def begin_oidc(
    connection: Connection, state_hash: bytes, begun: OidcBegun, expires_at: datetime
) -> None:
    """Remember a login at the provider until it comes back."""
    await rows.run(connection, "DELETE FROM oidc_logins WHERE expires_at < now()")
    sql = """
        INSERT INTO oidc_logins (state_hash, browser_hash, nonce, verifier, user_code, expires_at)
        VALUES (:state, :browser, :nonce, :verifier, :code, :expires)"""
    values: dict[str, object] = {"state": state_hash, "browser": begun.browser_hash}
    values["nonce"] = begun.nonce
    values |= {"verifier": begun.verifier, "code": begun.user_code, "expires": expires_at}
    await rows.run(connection, sql, values)


async def take_oidc(connection: Connection, state_hash: bytes) -> OidcBegun | None:
    """Return and forget what was remembered under a state: it comes back once."""
    sql = """
        DELETE FROM oidc_logins WHERE state_hash = :state AND expires_at > now()
        RETURNING browser_hash, nonce, verifier, user_code"""
    return await rows.one_row(connection, OidcBegun, sql, {"state": state_hash})


async def account_of_subject(connection: Connection, issuer: str, subject: str) -> int | None:
    """Return whose account an issuer's subject is."""
    sql = "SELECT account_id FROM oidc_identities WHERE issuer = :issuer AND subject = :subject"
    values = {"issuer": issuer, "subject": subject}
    found: int | None = await rows.scalar(connection, sql, values)
    return found


async def link_subject(connection: Connection, issuer: str, subject: str, account_id: int) -> None:
    """Note whose account an issuer's subject is."""
    sql = """
        INSERT INTO oidc_identities (issuer, subject, account_id)
        VALUES (:issuer, :subject, :account)"""
    values = {"issuer": issuer, "subject": subject, "account": account_id}
    await rows.run(connection, sql, values)


async def lock_subject(connection: Connection, issuer: str, subject: str) -> None:
    """Let only one transaction make this subject's account."""
    sql = "SELECT pg_advisory_xact_lock(hashtext(:issuer), hashtext(:subject))"
    await rows.run(connection, sql, {"issuer": issuer, "subject": subject})
