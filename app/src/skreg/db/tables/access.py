"""How people get in and together: logins, codes, devices, identities, invitations, domains."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


class SessionSecret(SQLModel, table=True):
    """A session key sealed under ``SESSION_SEALING_KEY``; ``sealing`` says under which one."""

    __tablename__ = "session_secrets"
    id: str = c.text(primary_key=True)
    sealing: str = c.text()
    sealed: bytes = c.octets()
    created_at: datetime = c.now()
    retired_at: datetime | None = c.moment(nullable=True)


class EndedSession(SQLModel, table=True):
    """A session that was logged out before it expired."""

    __tablename__ = "ended_sessions"
    id: str = c.text(primary_key=True)
    expires_at: datetime = c.moment(index=True)


class LoginAttempt(SQLModel, table=True):
    """Attempts in the present window; ``subject`` is a hash of account, address or both."""

    __tablename__ = "login_attempts"
    subject: bytes = c.octets(primary_key=True)
    attempts: int = c.number(default="0")
    until: datetime = c.moment(index=True)


class KnownAddress(SQLModel, table=True):
    """A network an account has logged in from: others' failures never lock it out there."""

    __tablename__ = "known_addresses"
    account_id: int = c.reference("accounts.id", primary_key=True)
    address: str = c.text(primary_key=True)
    last_at: datetime = c.now()


class ResetCode(SQLModel, table=True):
    """A code that sets a new password once; ``issued_by`` is empty when it went by mail."""

    __tablename__ = "reset_codes"
    code_hash: bytes = c.octets(primary_key=True)
    account_id: int = c.reference("accounts.id", index=True)
    issued_by: int | None = c.reference("accounts.id", nullable=True)
    created_at: datetime = c.now()
    expires_at: datetime = c.moment()
    used_at: datetime | None = c.moment(nullable=True)


class DeviceLogin(SQLModel, table=True):
    """A login that waits for a person (RFC 8628); removed when its token is fetched."""

    __tablename__ = "device_logins"
    device_hash: bytes = c.octets(primary_key=True)
    user_code: str = c.text(unique=True)
    client: str = c.text()
    scopes: list[str] = c.texts()
    address: str | None = c.text(nullable=True)
    created_at: datetime = c.now()
    expires_at: datetime = c.moment(index=True)
    pause: int = c.number()
    asked_at: datetime | None = c.moment(nullable=True)
    account_id: int | None = c.reference("accounts.id", nullable=True)
    refused: bool = c.flag()


class OidcLogin(SQLModel, table=True):
    """A login at the OIDC provider that has begun and not come back."""

    __tablename__ = "oidc_logins"
    state_hash: bytes = c.octets(primary_key=True)
    browser_hash: bytes = c.octets()
    nonce: str = c.text()
    verifier: str = c.text()
    user_code: str | None = c.text(nullable=True)
    expires_at: datetime = c.moment(index=True)


class OidcIdentity(SQLModel, table=True):
    """Whose account a subject of an OIDC issuer is."""

    __tablename__ = "oidc_identities"
    issuer: str = c.text(primary_key=True)
    subject: str = c.text(primary_key=True)
    account_id: int = c.reference("accounts.id", index=True)
    created_at: datetime = c.now()


class Invitation(SQLModel, table=True):
    """An account that may join a namespace; removed when it is answered."""

    __tablename__ = "invitations"
    __table_args__ = (sa.UniqueConstraint("namespace_id", "account_id", name="invitations_once"),)
    id: str = c.text(primary_key=True)
    namespace_id: int = c.reference("namespaces.id")
    account_id: int = c.reference("accounts.id", index=True)
    role: str = c.text()
    invited_by: int = c.reference("accounts.id")
    created_at: datetime = c.now()
    expires_at: datetime = c.moment()


class NamespaceDomain(SQLModel, table=True):
    """A domain that a namespace claims; ``verified_at`` once it showed the challenge there."""

    __tablename__ = "namespace_domains"
    __table_args__ = (
        sa.Index(
            "namespace_domains_proved",
            "domain",
            unique=True,
            postgresql_where=sa.text("verified_at IS NOT NULL"),
        ),
    )
    namespace_id: int = c.reference("namespaces.id", primary_key=True)
    domain: str = c.text(primary_key=True)
    challenge: str = c.text()
    created_at: datetime = c.now()
    verified_at: datetime | None = c.moment(nullable=True)
    method: str | None = c.text(nullable=True)
