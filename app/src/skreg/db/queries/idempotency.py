"""Requests that carried an idempotency key, and their answers for a day."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """What is known of a key; ``response`` is None while the first request is worked on."""

    request_hash: bytes
    status: int | None
    response: bytes | None


async def claim(connection: Connection, digest: bytes, request_hash: bytes) -> bool:
    """Take a key; False when it is in use. One whose request was killed is free after a minute."""
    sql = """
        INSERT INTO idempotency_keys AS k (digest, request_hash) VALUES (:digest, :hash)
        ON CONFLICT (digest) DO UPDATE SET request_hash = excluded.request_hash,
            status = NULL, response = NULL, created_at = now()
        WHERE k.created_at < now() - interval '24 hours'
           OR (k.status IS NULL AND k.created_at < now() - interval '1 minute')"""
    return await rows.run(connection, sql, {"digest": digest, "hash": request_hash}) == 1


async def known(connection: Connection, digest: bytes) -> KeyedRequest | None:
    """Return what is known of a key."""
    sql = "SELECT request_hash, status, response FROM idempotency_keys WHERE digest = :digest"
    return await rows.one_row(connection, KeyedRequest, sql, {"digest": digest})


async def keep(connection: Connection, digest: bytes, status: int, response: bytes) -> None:
    """Keep the answer."""
    sql = """
        UPDATE idempotency_keys SET status = :status, response = :response
        WHERE digest = :digest"""
    values = {"digest": digest, "status": status, "response": response}
    await rows.run(connection, sql, values)


async def release(connection: Connection, digest: bytes) -> None:
    """Free a key whose request changed nothing."""
    await rows.run(
        connection, "DELETE FROM idempotency_keys WHERE digest = :digest", {"digest": digest}
    )


async def forget_old(connection: Connection) -> int:
    """Remove keys of more than a day ago; returns how many."""
    sql = "DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'"
    return await rows.run(connection, sql)
