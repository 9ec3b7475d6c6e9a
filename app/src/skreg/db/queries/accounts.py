"""Accounts, namespaces and memberships."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from skillpkg.types import look_alike
from skreg.db.pool import Connection
from skreg.db.queries import rows
from skreg.domain.permissions import MemberRole


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What a login or a session needs of an account."""

    id: int
    username: str
    password_hash: str
    email: str | None
    is_admin: bool
    disabled: bool
    session_generation: int


_FACTS = """
    SELECT id, username, password_hash, email, is_admin, disabled_at IS NOT NULL,
           session_generation"""


async def by_username(connection: Connection, username: str) -> AccountFacts | None:
    """Return the account of that name."""
    sql = f"{_FACTS} FROM accounts WHERE username = :name"
    return await rows.one_row(connection, AccountFacts, sql, {"name": username})


async def by_id(connection: Connection, account_id: int) -> AccountFacts | None:
    """Return the account of that number."""
    sql = f"{_FACTS} FROM accounts WHERE id = :id"
    return await rows.one_row(connection, AccountFacts, sql, {"id": account_id})


async def insert(
    connection: Connection,
    username: str,
    password_hash: str,
    email: str | None,
    *,
    is_admin: bool = False,
) -> int | None:
    """Insert an account; None when the name is taken."""
    sql = """
        INSERT INTO accounts (username, password_hash, email, is_admin)
        VALUES (:name, :hash, :email, :admin) ON CONFLICT (username) DO NOTHING RETURNING id"""
    values = {"name": username, "hash": password_hash, "email": email, "admin": is_admin}
    found: int | None = await rows.scalar(connection, sql, values)
    return found


async def set_password(connection: Connection, account_id: int, password_hash: str) -> None:
    """Keep another password; every session that was open ends."""
    sql = """
        UPDATE accounts SET password_hash = :hash, session_generation = session_generation + 1
        WHERE id = :id"""
    await rows.run(connection, sql, {"id": account_id, "hash": password_hash})


async def set_email(connection: Connection, account_id: int, email: str | None) -> None:
    """Keep another mail address, or none; every session that was open ends."""
    sql = """
        UPDATE accounts SET email = :email, session_generation = session_generation + 1
        WHERE id = :id"""
    await rows.run(connection, sql, {"id": account_id, "email": email})


async def namespace_like(connection: Connection, name: str) -> str | None:
    """Return a namespace whose name a reader could confuse with ``name``, None without one.

    Holds a lock on that form until the transaction ends, so that of two who come at the same
    time with look-alike names the second sees the first.
    """
    values = {"form": look_alike(name)}
    await rows.run(connection, "SELECT pg_advisory_xact_lock(hashtext(:form))", values)
    sql = "SELECT name FROM namespaces WHERE look_alike = :form ORDER BY id LIMIT 1"
    found: str | None = await rows.scalar(connection, sql, values)
    return found


async def insert_namespace(connection: Connection, name: str, kind: str) -> int | None:
    """Insert a namespace; None when the name is taken."""
    sql = """
        INSERT INTO namespaces (name, kind) VALUES (:name, :kind)
        ON CONFLICT (name) DO NOTHING RETURNING id"""
    found: int | None = await rows.scalar(connection, sql, {"name": name, "kind": kind})
    return found


async def set_member(
    connection: Connection, namespace_id: int, account_id: int, role: MemberRole
) -> None:
    """Give an account a role in a namespace."""
    sql = """
        INSERT INTO memberships (namespace_id, account_id, role) VALUES (:ns, :account, :role)
        ON CONFLICT (namespace_id, account_id) DO UPDATE SET role = excluded.role"""
    values = {"ns": namespace_id, "account": account_id, "role": role.value}
    await rows.run(connection, sql, values)


@dataclass(frozen=True, slots=True)
class NamespaceAccess:
    """A namespace and the caller's role in it, None for no member."""

    id: int
    role: str | None
    kind: str
    is_banned: bool

    @property
    def member_role(self) -> MemberRole | None:
        """The role as its type."""
        return None if self.role is None else MemberRole(self.role)


async def access(connection: Connection, namespace: str, account_id: int) -> NamespaceAccess | None:
    """Return the namespace with the account's role in it; None when it does not exist."""
    sql = """
        SELECT n.id, m.role, n.kind, n.banned_at IS NOT NULL FROM namespaces n
        LEFT JOIN memberships m ON m.namespace_id = n.id AND m.account_id = :account
        WHERE n.name = :name"""
    values = {"name": namespace, "account": account_id}
    return await rows.one_row(connection, NamespaceAccess, sql, values)


async def namespaces_of(connection: Connection, account_id: int) -> list[str]:
    """Return the namespaces that the account is a member of, by name."""
    sql = """
        SELECT n.name FROM memberships m JOIN namespaces n ON n.id = m.namespace_id
        WHERE m.account_id = :id ORDER BY n.name"""
    return await rows.all_rows(connection, str, sql, {"id": account_id})


async def record(
    connection: Connection,
    account_id: int | None,
    action: str,
    subject: str,
    address: str | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """Write one line of the audit trail, in the transaction of what it tells."""
    sql = """
        INSERT INTO audit (account_id, action, subject, address, details)
        VALUES (:account, :action, :subject, :address, CAST(:details AS jsonb))"""
    values = {"account": account_id, "action": action, "subject": subject, "address": address}
    await rows.run(connection, sql, {**values, "details": json.dumps(details or {})})
