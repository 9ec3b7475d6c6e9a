"""Publishers' certificates: what was asked for, and what the worker made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from skreg.db.pool import Connection
from skreg.db.queries import rows


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate; ``certificate`` and ``issuer`` are DER, None until it is issued."""

    id: str
    namespace: str
    state: str
    serial: str | None
    certificate: bytes | None
    issuer: bytes | None
    not_after: datetime | None
    error: str | None
    reason: str | None
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wish:
    """What waits for the worker: to be issued (``requested``) or revoked (``revoking``)."""

    id: str
    namespace_id: int
    namespace: str
    request: bytes
    state: str
    serial: str | None
    reason: str | None
    lifetime_days: int


_FACTS = """
    SELECT c.id, n.name, c.state, c.serial, c.certificate, c.issuer, c.not_after, c.error,
           c.reason, c.created_at, c.revoked_at
    FROM publisher_certs c JOIN namespaces n ON n.id = c.namespace_id WHERE """


async def insert(
    connection: Connection,
    certificate_id: str,
    namespace_id: int,
    request: bytes,
    requested_by: int | None,
    lifetime_days: int,
) -> None:
    """Insert a request."""
    sql = """
        INSERT INTO publisher_certs (id, namespace_id, request, requested_by, lifetime_days)
        VALUES (:id, :ns, :request, :by, :days)"""
    values = {"id": certificate_id, "ns": namespace_id, "request": request, "by": requested_by}
    await rows.run(connection, sql, {**values, "days": lifetime_days})


async def unused(connection: Connection, namespace_id: int) -> int:
    """Return how many certificates of a namespace are good now or about to be issued."""
    sql = """
        SELECT count(*) FROM publisher_certs WHERE namespace_id = :ns
        AND (state = 'requested' OR (state = 'issued' AND not_after > now()))"""
    return int(await rows.scalar(connection, sql, {"ns": namespace_id}))


async def one(connection: Connection, certificate_id: str) -> CertificateFacts | None:
    """Return one certificate."""
    return await rows.one_row(
        connection, CertificateFacts, f"{_FACTS} c.id = :id", {"id": certificate_id}
    )


async def by_serial(connection: Connection, serial: str) -> CertificateFacts | None:
    """Return the certificate with a serial (lowercase hexadecimal)."""
    return await rows.one_row(
        connection, CertificateFacts, f"{_FACTS} c.serial = :serial", {"serial": serial}
    )


async def of_namespace(connection: Connection, namespace: str) -> list[CertificateFacts]:
    """Return a namespace's certificates, newest first."""
    sql = f"{_FACTS} n.name = :ns ORDER BY c.created_at DESC, c.id LIMIT 500"
    return await rows.all_rows(connection, CertificateFacts, sql, {"ns": namespace})


async def is_signed_only(connection: Connection, namespace: str) -> bool:
    """Whether a namespace takes only versions that it signed itself."""
    sql = "SELECT signed_only FROM namespaces WHERE name = :ns"
    return bool(await rows.scalar(connection, sql, {"ns": namespace}))


async def set_signed_only(connection: Connection, namespace_id: int, *, signed_only: bool) -> None:
    """Set whether a namespace takes only versions that it signed itself."""
    sql = "UPDATE namespaces SET signed_only = :only WHERE id = :id"
    await rows.run(connection, sql, {"id": namespace_id, "only": signed_only})


async def ask_to_revoke(connection: Connection, certificate_id: str, reason: str) -> bool:
    """Ask for a revocation; False when the certificate is not one that is issued."""
    sql = """
        UPDATE publisher_certs SET state = 'revoking', reason = :reason
        WHERE id = :id AND state = 'issued'"""
    return await rows.run(connection, sql, {"id": certificate_id, "reason": reason}) == 1


async def wishes(connection: Connection) -> list[Wish]:
    """Return what waits for the worker, oldest first."""
    sql = """
        SELECT c.id, c.namespace_id, n.name, c.request, c.state, c.serial, c.reason,
               c.lifetime_days
        FROM publisher_certs c JOIN namespaces n ON n.id = c.namespace_id
        WHERE c.state IN ('requested', 'revoking') ORDER BY c.created_at, c.id LIMIT 100"""
    return await rows.all_rows(connection, Wish, sql)


async def domains_of(connection: Connection, namespace_id: int) -> list[str]:
    """Return the domains that a namespace has shown to be its own."""
    sql = """
        SELECT domain FROM namespace_domains
        WHERE namespace_id = :id AND verified_at IS NOT NULL ORDER BY domain"""
    return await rows.all_rows(connection, str, sql, {"id": namespace_id})


async def issued(
    connection: Connection,
    certificate_id: str,
    serial: str,
    certificate: bytes,
    issuer: bytes,
    not_after: datetime,
) -> None:
    """Keep an issued certificate."""
    sql = """
        UPDATE publisher_certs SET state = 'issued', serial = :serial, certificate = :certificate,
            issuer = :issuer, not_after = :until WHERE id = :id"""
    values: dict[str, object] = {"id": certificate_id, "serial": serial, "until": not_after}
    await rows.run(connection, sql, values | {"certificate": certificate, "issuer": issuer})


async def refused(connection: Connection, certificate_id: str, error: str) -> None:
    """Note why a request was refused."""
    sql = "UPDATE publisher_certs SET state = 'refused', error = :error WHERE id = :id"
    await rows.run(connection, sql, {"id": certificate_id, "error": error})


async def revoked(connection: Connection, certificate_id: str) -> None:
    """Note that the certificate stands in the CA's list."""
    sql = "UPDATE publisher_certs SET state = 'revoked', revoked_at = now() WHERE id = :id"
    await rows.run(connection, sql, {"id": certificate_id})
