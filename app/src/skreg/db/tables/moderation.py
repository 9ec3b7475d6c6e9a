"""Reports, reviews, advisories, webhooks and publishers' certificates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


class Report(SQLModel, table=True):
    """What somebody says is wrong with a version; ``state`` is a ``ReportState``."""

    __tablename__ = "reports"
    __table_args__ = (
        sa.Index("reports_of", "reporter_id", "created_at"),
        sa.Index("reports_by_state", "state", "created_at", "id"),
        sa.Index(
            "reports_once",
            "version_id",
            "reporter_id",
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
        ),
    )
    id: str = c.text(primary_key=True)
    version_id: int = c.reference("versions.id")
    reporter_id: int = c.reference("accounts.id")
    kind: str = c.text()
    message: str = c.text()
    state: str = c.text(default="'open'")
    created_at: datetime = c.now()
    handled_by: int | None = c.reference("accounts.id", nullable=True)
    handled_at: datetime | None = c.moment(nullable=True)
    note: str | None = c.text(nullable=True)


class Review(SQLModel, table=True):
    """What a person decided of a quarantined version: ``released`` or ``rejected``."""

    __tablename__ = "reviews"
    version_id: int = c.reference("versions.id", primary_key=True)
    outcome: str = c.text()
    note: str = c.text()
    decided_by: int | None = c.reference("accounts.id", nullable=True)
    decided_at: datetime = c.now()


class Advisory(SQLModel, table=True):
    """An OSV record about a package, as it is served."""

    __tablename__ = "advisories"
    number: int = c.identity()
    id: str = c.text(unique=True)
    package_id: int = c.reference("packages.id", index=True)
    record: dict[str, Any] = c.json()


class Webhook(SQLModel, table=True):
    """Who is told of events; the secret is sealed. Without a namespace: of all of them.

    ``enabled_at``: when it was switched on again, after ``disabled_at`` had a moment.
    """

    __tablename__ = "webhooks"
    id: str = c.text(primary_key=True)
    namespace_id: int | None = c.reference("namespaces.id", nullable=True, index=True)
    url: str = c.text()
    events: list[str] = c.texts()
    sealing: str = c.text()
    sealed: bytes = c.octets()
    created_by: int | None = c.reference("accounts.id", nullable=True)
    created_at: datetime = c.now()
    disabled_at: datetime | None = c.moment(nullable=True)
    enabled_at: datetime | None = c.moment(nullable=True)


class WebhookDelivery(SQLModel, table=True):
    """One event for one webhook; ``dead`` after the last attempt.

    ``claimed_until``: a process is sending it, and until then no other does.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        sa.Index("webhook_deliveries_of", "webhook_id", "id"),
        sa.Index("webhook_deliveries_waiting", "id", postgresql_where=sa.text("state = 'waiting'")),
    )
    id: int = c.identity()
    webhook_id: str = c.column(sa.Text(), sa.ForeignKey("webhooks.id"))
    event: str = c.text()
    payload: dict[str, Any] = c.json()
    state: str = c.text(default="'waiting'")
    attempts: int = c.number(default="0")
    last_status: int | None = c.number(nullable=True)
    last_error: str | None = c.text(nullable=True)
    created_at: datetime = c.now()
    tried_at: datetime | None = c.moment(nullable=True)
    claimed_until: datetime | None = c.moment(nullable=True)


class PublisherCert(SQLModel, table=True):
    """A certificate a publisher asked for; the worker alone issues and revokes it.

    ``state`` is requested, issued, refused, revoking or revoked.
    """

    __tablename__ = "publisher_certs"
    __table_args__ = (
        sa.Index(
            "publisher_certs_waiting",
            "id",
            postgresql_where=sa.text("state IN ('requested', 'revoking')"),
        ),
    )
    id: str = c.text(primary_key=True)
    namespace_id: int = c.reference("namespaces.id", index=True)
    request: bytes = c.octets()
    state: str = c.text(default="'requested'")
    serial: str | None = c.text(nullable=True, unique=True)
    certificate: bytes | None = c.octets(nullable=True)
    issuer: bytes | None = c.octets(nullable=True)
    not_after: datetime | None = c.moment(nullable=True)
    error: str | None = c.text(nullable=True)
    reason: str | None = c.text(nullable=True)
    requested_by: int | None = c.reference("accounts.id", nullable=True)
    created_at: datetime = c.now()
    revoked_at: datetime | None = c.moment(nullable=True)
    lifetime_days: int = c.number(default="90")
