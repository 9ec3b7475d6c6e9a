"""The PKI's state as named bytes."""

from __future__ import annotations

from dataclasses import dataclass

from skreg.db.pool import Connection
from skreg.db.queries import rows

STATE = "state"
"""``skreg.pki.state_json`` of the whole PKI."""
REQUEST, GRANT = "ceremony-request", "ceremony-grant"
"""What waits for the root, and what it signed and no worker has installed; empty when none."""
TROUBLE = "trouble"
"""What the worker cannot renew, as JSON; empty when all works."""
KNOWN_KEYS = "known-keys"
"""The fingerprint of each key that was ever used, by its reference, as JSON."""
WORKER = "worker"
"""What the worker that started last holds of the root, as JSON."""


@dataclass(frozen=True, slots=True)
class SignatureCount:
    """How many signatures a key made for one purpose."""

    key_ref: str
    purpose: str
    count: int


async def read(connection: Connection, name: str) -> bytes | None:
    """Return the bytes under ``name``."""
    sql = "SELECT value FROM pki_state WHERE name = :name"
    found = await rows.scalar(connection, sql, {"name": name})
    return None if found is None else bytes(found)


async def signatures(connection: Connection) -> list[SignatureCount]:
    """Return how often each key signed, by purpose, from the audit trail."""
    sql = """
        SELECT subject, details ->> 'purpose', count(*) FROM audit
        WHERE action = 'signature' AND details ->> 'outcome' = 'signed'
        GROUP BY 1, 2 ORDER BY 1, 2"""
    return await rows.all_rows(connection, SignatureCount, sql)


async def save(connection: Connection, name: str, value: bytes) -> None:
    """Keep bytes under ``name``."""
    sql = """
        INSERT INTO pki_state (name, value) VALUES (:name, :value)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = now()"""
    await rows.run(connection, sql, {"name": name, "value": value})
