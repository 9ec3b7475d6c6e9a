"""Trusted publishing: who may publish without a token of their own, and what was used."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


class TrustedPublisher(SQLModel, table=True):
    """A CI workflow that may publish one package; pending while ``package_id`` is empty.

    ``owner`` and ``repository`` are GitHub's owner and repository or GitLab's namespace path and
    project. ``owner_id`` and ``repository_id`` are the provider's numbers for them: once known
    they must not change, so that whoever takes over a freed name does not take over the package.
    """

    __tablename__ = "trusted_publishers"
    __table_args__ = (
        sa.UniqueConstraint(
            "namespace_id",
            "name",
            "issuer",
            "owner",
            "repository",
            "workflow",
            "environment",
            name="trusted_publishers_once",
        ),
    )
    id: str = c.text(primary_key=True)
    namespace_id: int = c.reference("namespaces.id")
    name: str = c.text()
    look_alike: str = c.text()
    package_id: int | None = c.reference("packages.id", nullable=True, index=True)
    provider: str = c.text()
    issuer: str = c.text()
    owner: str = c.text()
    owner_id: str | None = c.text(nullable=True)
    repository: str = c.text()
    repository_id: str | None = c.text(nullable=True)
    workflow: str = c.text()
    environment: str = c.text(default="''")
    created_by: int = c.reference("accounts.id")
    created_at: datetime = c.now()
    last_used_at: datetime | None = c.moment(nullable=True)


class PublisherToken(SQLModel, table=True):
    """Which publisher a token was minted for, and what its identity token said."""

    __tablename__ = "publisher_tokens"
    token_id: str = c.column(sa.Text(), sa.ForeignKey("tokens.id"), primary_key=True)
    publisher_id: str = c.text(index=True)
    claims: dict[str, Any] = c.json(default="'{}'")


class UsedIdentityToken(SQLModel, table=True):
    """An identity token that bought a token; it never does again."""

    __tablename__ = "used_identity_tokens"
    issuer: str = c.text(primary_key=True)
    jti: str = c.text(primary_key=True)
    expires_at: datetime = c.moment(index=True)
