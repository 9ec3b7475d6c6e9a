"""Taking a new version: package row, version row, vetting row; each safe to race."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from skillpkg.types import SignerKind
from skreg.db.pool import Connection
from skreg.db.queries import pki, rows
from skreg.db.queries.quotas import Usage
from skreg.domain.permissions import MemberRole
from skreg.domain.states import VersionState
from skreg.queue import ADVANCE_MADE

_REGISTRY = SignerKind("registry")
_INSERT_VERSION = f"""
    WITH used AS MATERIALIZED (
        SELECT u.* FROM packages p JOIN namespace_usage u ON u.namespace_id = p.namespace_id
        WHERE p.id = :package AND p.moved_to IS NULL FOR UPDATE OF u),
    made AS (
        INSERT INTO versions
            (package_id, version, sha256, content_digest, size, manifest, signer, uploaded_by,
             state, signature, chain)
        SELECT :package, :version, :sha256, :digest, :size, CAST(:manifest AS jsonb),
               CAST(:signer AS jsonb), :account, :state, CAST(:signature AS bytea),
               CAST(:chain AS bytea[])
        FROM used ON CONFLICT DO NOTHING RETURNING id),
    vetted AS (
        INSERT INTO vetting_jobs (version_id, steps)
        SELECT id, jsonb_build_array(jsonb_build_object('step', 'uploaded', 'at', now()))
        FROM made),
    told AS (
        INSERT INTO audit (account_id, action, subject, address, details)
        SELECT :account, 'publish', :subject, :address, CAST(:origin AS jsonb) FROM made),
    deferred AS MATERIALIZED (SELECT {ADVANCE_MADE} FROM made)
    SELECT u.packages,
           CASE WHEN u.day = (now() AT TIME ZONE 'UTC')::date THEN u.versions_today ELSE 0 END + 1,
           u.bytes + :size, q.packages, q.versions_per_day, q.bytes
    FROM deferred CROSS JOIN used u
    LEFT JOIN namespace_quotas q ON q.namespace_id = u.namespace_id"""  # noqa: S608
"""The usage is locked first, as the trigger that counts the new row does after it: of two uploads
into one namespace the second waits for the first, and counts it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an upload goes; the package's fields are None and False until there is one.

    Attributes:
        role: the caller's in the namespace, None for no member.
        signed_only: whether the namespace takes only what it signed itself.
        opened: whether the registry's root has signed its certificates.
    """

    namespace_id: int
    role: str | None
    is_banned: bool
    package_id: int | None
    moved_to: int | None
    trusted_only: bool
    signed_only: bool
    opened: bool

    @property
    def member_role(self) -> MemberRole | None:
        """The role as its type."""
        return None if self.role is None else MemberRole(self.role)


async def destination(
    connection: Connection, namespace: str, name: str, account_id: int
) -> Destination | None:
    """Return all that decides whether an account may upload there; None without the namespace."""
    sql = """
        SELECT n.id, m.role, n.banned_at IS NOT NULL, p.id, p.moved_to,
               coalesce(p.trusted_only, false), n.signed_only,
               EXISTS (SELECT FROM pki_state WHERE name = :state)
        FROM namespaces n
        LEFT JOIN memberships m ON m.namespace_id = n.id AND m.account_id = :account
        LEFT JOIN packages p ON p.namespace_id = n.id AND p.name = :name
        WHERE n.name = :ns"""
    values = {"ns": namespace, "name": name, "account": account_id, "state": pki.STATE}
    return await rows.one_row(connection, Destination, sql, values)


@dataclass(frozen=True, slots=True)
class UploadSigner:
    """Who signs a new version; signature and chain (DER, leaf first) are a publisher's."""

    kind: SignerKind = _REGISTRY
    signature: bytes | None = None
    chain: tuple[bytes, ...] | None = None

    @property
    def first_state(self) -> VersionState:
        """How a version signed so begins."""
        return VersionState.UPLOADED if self.signature is None else VersionState.SUBMITTED


@dataclass(frozen=True, slots=True)
class TakenVersion:
    """A version that has a number, or one of the same precedence, and its bytes."""

    id: int
    version: str
    sha256: str
    content_digest: str
    state: str
    signer: str


async def package_id(connection: Connection, namespace_id: int, name: str) -> int | None:
    """Return the package's number; None when there is none of that name."""
    sql = "SELECT id FROM packages WHERE namespace_id = :ns AND name = :name"
    found: int | None = await rows.scalar(connection, sql, {"ns": namespace_id, "name": name})
    return found


async def insert_package(
    connection: Connection, namespace_id: int, name: str, look_alike: str
) -> int | None:
    """Insert a package; None when the name or one that looks like it is taken."""
    sql = """
        INSERT INTO packages (namespace_id, name, look_alike, name_hash)
        SELECT id, :name, :twin, sha256(convert_to(name || '/' || :name, 'UTF8'))
        FROM namespaces WHERE id = :ns
        ON CONFLICT DO NOTHING RETURNING id"""
    values = {"ns": namespace_id, "name": name, "twin": look_alike}
    found: int | None = await rows.scalar(connection, sql, values)
    return found


async def name_that_looks_like(
    connection: Connection, namespace_id: int, look_alike: str
) -> str | None:
    """Return the name that holds this look-alike form in the namespace."""
    sql = "SELECT name FROM packages WHERE namespace_id = :ns AND look_alike = :twin"
    found: str | None = await rows.scalar(connection, sql, {"ns": namespace_id, "twin": look_alike})
    return found


async def taken(connection: Connection, package: int, bare: str) -> TakenVersion | None:
    """Return who has a version number, ``bare`` of build metadata; None while it is free."""
    sql = """
        SELECT id, version, sha256, content_digest, state, signer ->> 'kind' FROM versions
        WHERE package_id = :package AND split_part(version, '+', 1) = :bare"""
    values = {"package": package, "bare": bare}
    return await rows.one_row(connection, TakenVersion, sql, values)


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to be taken, and what its line of the audit trail says.

    Attributes:
        subject: ``namespace/name@version``.
        address: where the upload comes from.
        origin: of a CI job that publishes; empty for a person.
    """

    package: int
    version: str
    sha256: str
    content_digest: str
    size: int
    manifest: Mapping[str, object]
    uploaded_by: int
    signer: UploadSigner
    subject: str
    address: str | None
    origin: Mapping[str, object]


async def insert_version(connection: Connection, new: NewVersion) -> Usage | None:
    """Take a version number: its row, vetting row, job and line of audit in one statement.

    Waits for a racing transaction. Returns what the namespace uses, this version counted; None
    when the number or one of its precedence is taken, or the package goes on under another name:
    nothing was written then.
    """
    values = {
        "package": new.package,
        "version": new.version,
        "sha256": new.sha256,
        "digest": new.content_digest,
        "size": new.size,
        "manifest": json.dumps(new.manifest),
        "account": new.uploaded_by,
        "signer": json.dumps(new.signer.kind.to_json()),
        "state": new.signer.first_state,
        "signature": new.signer.signature,
        "chain": None if new.signer.chain is None else list(new.signer.chain),
        "subject": new.subject,
        "address": new.address,
        "origin": json.dumps(new.origin),
    }
    return await rows.one_row(connection, Usage, _INSERT_VERSION, values)


async def is_promised(
    connection: Connection, namespace: str, name: str, version: str, sha256: str
) -> bool:
    """Whether a version was made of these bytes."""
    sql = """
        SELECT EXISTS (
            SELECT FROM versions v
            JOIN packages p ON p.id = v.package_id JOIN namespaces n ON n.id = p.namespace_id
            WHERE n.name = :ns AND p.name = :name
              AND v.version = :version AND v.sha256 = :sha256)"""
    values = {"ns": namespace, "name": name, "version": version, "sha256": sha256}
    return bool(await rows.scalar(connection, sql, values))
