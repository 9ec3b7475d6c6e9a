"""Who may do what: accounts, credentials, namespaces, and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


class Account(SQLModel, table=True):
    """A person or machine that may log in; ``password_hash`` is argon2id, empty without one.

    A session names the generation it was opened in: raising it ends every one before.
    """

    __tablename__ = "accounts"
    id: int = c.identity()
    username: str = c.text(unique=True)
    password_hash: str = c.text()
    email: str | None = c.text(nullable=True)
    is_admin: bool = c.flag()
    created_at: datetime = c.now()
    disabled_at: datetime | None = c.moment(nullable=True)
    session_generation: int = c.number(default="0")


class Token(SQLModel, table=True):
    """An API token: only its SHA-256 is kept; ``hint`` is its first characters, for people.

    ``limits`` are namespaces or ``ns/name``, ``networks`` CIDR ranges; empty is no restriction.
    """

    __tablename__ = "tokens"
    id: str = c.text(primary_key=True)
    account_id: int = c.reference("accounts.id", index=True)
    name: str = c.text()
    hint: str = c.text()
    token_hash: bytes = c.octets(unique=True)
    scopes: list[str] = c.texts()
    created_at: datetime = c.now()
    expires_at: datetime = c.moment()
    last_used_at: datetime | None = c.moment(nullable=True)
    revoked_at: datetime | None = c.moment(nullable=True)
    limits: list[str] = c.texts(default="'{}'")
    networks: list[str] = c.texts(default="'{}'")
    read_only: bool = c.flag()
    last_used_from: str | None = c.text(nullable=True)


class SessionKey(SQLModel, table=True):
    """A key that signs session JWTs; the newest signs, unretired ones verify."""

    __tablename__ = "session_keys"
    id: str = c.text(primary_key=True)
    secret: bytes = c.octets()
    created_at: datetime = c.now()
    retired_at: datetime | None = c.moment(nullable=True)


class NamespaceRow(SQLModel, table=True):
    """A namespace; ``kind`` is ``individual`` or ``organisation``.

    ``look_alike`` is computed as ``skillpkg.types.look_alike`` does.
    """

    __tablename__ = "namespaces"
    id: int = c.identity()
    name: str = c.text(unique=True)
    kind: str = c.text()
    created_at: datetime = c.now()
    look_alike: str | None = c.column(
        sa.Text(),
        sa.Computed("translate(name, 'lio-', '110')", persisted=True),
        nullable=True,
        index=True,
    )
    banned_at: datetime | None = c.moment(nullable=True)
    banned_reason: str | None = c.text(nullable=True)
    restricted: bool = c.flag()
    signed_only: bool = c.flag()


class Membership(SQLModel, table=True):
    """Who may act for a namespace; ``role`` is a ``MemberRole``."""

    __tablename__ = "memberships"
    namespace_id: int = c.reference("namespaces.id", primary_key=True)
    account_id: int = c.reference("accounts.id", primary_key=True, index=True)
    role: str = c.text()
    created_at: datetime = c.now()


class Audit(SQLModel, table=True):
    """Who changed what, when and from where; a trigger refuses to change or remove a row."""

    __tablename__ = "audit"
    __table_args__ = (
        sa.Index("audit_by_action", "action", "id"),
        sa.Index("audit_by_account", "account_id", "id"),
        sa.Index("audit_by_subject", "subject", "id"),
        sa.Index("audit_by_time", "at"),
    )
    id: int = c.identity()
    at: datetime = c.now()
    account_id: int | None = c.reference("accounts.id", nullable=True)
    action: str = c.text()
    subject: str = c.text()
    address: str | None = c.text(nullable=True)
    details: dict[str, Any] = c.json(default="'{}'")
