"""Failed logins, known addresses, and the codes that reset a password."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class Attempts:
    """How many attempts a window has seen, and the seconds until it ends."""

    count: int
    seconds_left: int


async def count_attempt(connection: Connection, subject: bytes, window: timedelta) -> Attempts:
    """Count one attempt; returns what the present window has seen.

    One statement, so that a hundred attempts at once are a hundred counts.
    """
    sql = """
        INSERT INTO login_attempts (subject, attempts, until)
        VALUES (:subject, 1, now() + :window)
        ON CONFLICT (subject) DO UPDATE SET
            attempts = CASE WHEN login_attempts.until < now() THEN 1
                            ELSE login_attempts.attempts + 1 END,
            until = CASE WHEN login_attempts.until < now() THEN excluded.until
                         ELSE login_attempts.until END
        RETURNING attempts, CAST(ceil(extract(epoch FROM until - now())) AS int)"""
    values = {"subject": subject, "window": window}
    return (await rows.all_rows(connection, Attempts, sql, values))[0]


async def take_back(connection: Connection, subjects: Iterable[bytes]) -> None:
    """Uncount one attempt of each subject, in the order they were counted in."""
    sql = """
        UPDATE login_attempts SET attempts = greatest(attempts - 1, 0) WHERE subject = :subject"""
    for subject in subjects:
        await rows.run(connection, sql, {"subject": subject})


async def forget_old_attempts(connection: Connection) -> None:
    """Forget windows that are over, a hundred at a time."""
    sql = """
        DELETE FROM login_attempts WHERE subject IN (
            SELECT subject FROM login_attempts WHERE until < now()
            LIMIT 100 FOR UPDATE SKIP LOCKED)"""
    await rows.run(connection, sql)


async def knows(connection: Connection, username: str, address: str) -> bool:
    """Whether that account has logged in from there within 90 days."""
    sql = """
        SELECT true FROM known_addresses k JOIN accounts a ON a.id = k.account_id
        WHERE a.username = :name AND k.address = :address
          AND k.last_at > now() - interval '90 days'"""
    return bool(await rows.scalar(connection, sql, {"name": username, "address": address}))


async def remember(connection: Connection, account_id: int, address: str) -> None:
    """Note that the account logged in from there; the 20 newest are kept."""
    sql = """
        INSERT INTO known_addresses (account_id, address) VALUES (:id, :address)
        ON CONFLICT (account_id, address) DO UPDATE SET last_at = now()"""
    await rows.run(connection, sql, {"id": account_id, "address": address})
    sql = """
        DELETE FROM known_addresses WHERE account_id = :id AND address NOT IN (
            SELECT address FROM known_addresses WHERE account_id = :id
            ORDER BY last_at DESC LIMIT 20)"""
    await rows.run(connection, sql, {"id": account_id})


async def insert_reset_code(
    connection: Connection,
    digest: bytes,
    account_id: int,
    lifetime: timedelta,
    issued_by: int | None = None,
) -> None:
    """Keep a code by its digest; codes of the account that were issued before are void."""
    await void_reset_codes(connection, account_id)
    sql = """
        INSERT INTO reset_codes (code_hash, account_id, issued_by, expires_at)
        VALUES (:digest, :account, :by, now() + :lifetime)"""
    values = {"digest": digest, "account": account_id, "by": issued_by, "lifetime": lifetime}
    await rows.run(connection, sql, values)


async def void_reset_codes(connection: Connection, account_id: int) -> None:
    """Make every code of the account worthless."""
    await rows.run(connection, "DELETE FROM reset_codes WHERE account_id = :id", {"id": account_id})


async def may_mail_code(connection: Connection, account_id: int, pause: timedelta) -> bool:
    """Whether the account's last code is older than ``pause``."""
    sql = """
        SELECT NOT EXISTS (SELECT 1 FROM reset_codes
                           WHERE account_id = :id AND created_at > now() - :pause)"""
    return bool(await rows.scalar(connection, sql, {"id": account_id, "pause": pause}))


async def use_reset_code(connection: Connection, digest: bytes) -> int | None:
    """Use a code up; returns whose it is, None when it is unknown, used or expired."""
    sql = """
        UPDATE reset_codes r SET used_at = now() FROM accounts a
        WHERE r.code_hash = :digest AND r.used_at IS NULL AND r.expires_at > now()
          AND a.id = r.account_id AND a.disabled_at IS NULL
        RETURNING r.account_id"""
    found: int | None = await rows.scalar(connection, sql, {"digest": digest})
    return found
