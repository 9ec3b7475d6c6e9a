"""The PKI's state as named bytes."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from skreg.db.queries import rows

STATE = "state"
"""``skreg.pki.state_json`` of the whole PKI."""
REQUEST, GRANT = "ceremony-request", "ceremony-grant"


async def read(connection: AsyncConnection, name: str) -> bytes | None:
    """Return the bytes under ``name``."""
    sql = "SELECT value FROM pki_state WHERE name = :name"
    found = await rows.scalar(connection, sql, {"name": name})
    return None if found is None else bytes(found)


async def save(connection: AsyncConnection, name: str, value: bytes) -> None:
    """Keep bytes under ``name``."""
    sql = """
        INSERT INTO pki_state (name, value) VALUES (:name, :value)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = now()"""
    await rows.run(connection, sql, {"name": name, "value": value})
