"""Taking a new version: package row, version row, vetting row; each safe to race."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from skillpkg.types import SignerKind
from skreg.db.queries import pki, rows
from skreg.domain.permissions import MemberRole
from skreg.domain.states import VersionState

_REGISTRY = SignerKind("registry")


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
    connection: AsyncConnection, namespace: str, name: str, account_id: int
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


async def package_id(connection: AsyncConnection, namespace_id: int, name: str) -> int | None:
    """Return the package's number; None when there is none of that name."""
    sql = "SELECT id FROM packages WHERE namespace_id = :ns AND name = :name"
    found: int | None = await rows.scalar(connection, sql, {"ns": namespace_id, "name": name})
    return found


async def insert_package(
    connection: AsyncConnection, namespace_id: int, name: str, look_alike: str
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
    connection: AsyncConnection, namespace_id: int, look_alike: str
) -> str | None:
    """Return the name that holds this look-alike form in the namespace."""
    sql = "SELECT name FROM packages WHERE namespace_id = :ns AND look_alike = :twin"
    found: str | None = await rows.scalar(connection, sql, {"ns": namespace_id, "twin": look_alike})
    return found


async def taken(connection: AsyncConnection, package: int, bare: str) -> TakenVersion | None:
    """Return who has a version number, ``bare`` of build metadata; None while it is free."""
    sql = """
        SELECT id, version, sha256, content_digest, state, signer ->> 'kind' FROM versions
        WHERE package_id = :package AND split_part(version, '+', 1) = :bare"""
    values = {"package": package, "bare": bare}
    return await rows.one_row(connection, TakenVersion, sql, values)


async def insert_version(
    connection: AsyncConnection,
    *,
    package: int,
    version: str,
    sha256: str,
    content_digest: str,
    size: int,
    manifest: Mapping[str, object],
    uploaded_by: int,
    signer: UploadSigner,
) -> int | None:
    """Take a version number; None when it or one of its precedence is taken.

    Waits for a racing transaction.
    """
    sql = """
        WITH made AS (
            INSERT INTO versions
                (package_id, version, sha256, content_digest, size, manifest, signer, uploaded_by,
                 state, signature, chain)
            VALUES (:package, :version, :sha256, :digest, :size, CAST(:manifest AS jsonb),
                    CAST(:signer AS jsonb), :account, :state, :signature, :chain)
            ON CONFLICT DO NOTHING RETURNING id)
        INSERT INTO vetting_jobs (version_id, steps)
        SELECT id, jsonb_build_array(jsonb_build_object('step', 'uploaded', 'at', now()))
        FROM made RETURNING version_id"""
    values: dict[str, object] = {
        "package": package,
        "version": version,
        "sha256": sha256,
        "digest": content_digest,
        "size": size,
        "manifest": json.dumps(manifest),
        "account": uploaded_by,
        "signer": json.dumps(signer.kind.to_json()),
        "state": signer.first_state,
        "signature": signer.signature,
        "chain": None if signer.chain is None else list(signer.chain),
    }
    found: int | None = await rows.scalar(connection, sql, values)
    return found


async def is_promised(
    connection: AsyncConnection, namespace: str, name: str, version: str, sha256: str
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
