"""What is published: packages, versions, the work on them, tags, downloads."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


class Package(SQLModel, table=True):
    """A package.

    ``name_hash`` is SHA-256 of ``ns/name``, whose first digits say which bin it falls in.
    ``revision`` grows with every change that its index document must show; a document carries
    the revision it was built from. ``entry_seq`` and ``last_log_index`` chain its log entries.
    ``moved_to`` is where it goes on under another name, ``trusted_only`` that CI alone publishes.
    """

    __tablename__ = "packages"
    __table_args__ = (
        sa.UniqueConstraint("namespace_id", "name", name="packages_name"),
        sa.UniqueConstraint("namespace_id", "look_alike", name="packages_look_alike"),
        sa.Index("packages_moved_to", "moved_to", postgresql_where=sa.text("moved_to IS NOT NULL")),
    )
    id: int = c.identity()
    namespace_id: int = c.reference("namespaces.id")
    name: str = c.text()
    look_alike: str = c.text()
    name_hash: bytes = c.octets(unique=True)
    revision: int = c.number(default="0")
    entry_seq: int = c.number(default="0")
    last_log_index: int | None = c.number(nullable=True)
    created_at: datetime = c.now()
    moved_to: int | None = c.reference("packages.id", nullable=True)
    restricted: bool | None = c.column(sa.Boolean(), nullable=True)
    trusted_only: bool = c.flag()


class VersionRow(SQLModel, table=True):
    """One version; what identifies its bytes never changes (a trigger refuses it).

    ``log_index`` is its publish entry, ``release`` the bytes of its ``.release`` object,
    ``revision`` the package revision that first shows it; what is ``yanked_by_staff`` its owners
    do not bring back.
    """

    __tablename__ = "versions"
    __table_args__ = (
        sa.UniqueConstraint("package_id", "version", name="versions_number"),
        sa.Index(
            "versions_precedence",
            "package_id",
            sa.text("split_part(version, '+', 1)"),
            unique=True,
        ),
        sa.Index(
            "versions_unfinished",
            "id",
            postgresql_where=sa.text(
                "state IN ('submitted', 'uploaded', 'vetting', 'signed', 'logged')"
            ),
        ),
        sa.Index("versions_quarantined", "id", postgresql_where=sa.text("state = 'quarantined'")),
    )
    id: int = c.identity()
    package_id: int = c.reference("packages.id")
    version: str = c.text()
    sha256: str = c.text()
    content_digest: str = c.text()
    size: int = c.number()
    manifest: dict[str, Any] = c.json()
    signer: dict[str, Any] = c.json()
    uploaded_by: int = c.reference("accounts.id")
    state: str = c.text()
    yanked_reason: str | None = c.text(nullable=True)
    deprecated: str | None = c.text(nullable=True)
    signature: bytes | None = c.octets(nullable=True)
    chain: list[bytes] | None = c.column(ARRAY(sa.LargeBinary()), nullable=True)
    log_index: int | None = c.number(nullable=True, unique=True)
    release: bytes | None = c.octets(nullable=True)
    revision: int | None = c.number(nullable=True)
    created_at: datetime = c.now()
    published_at: datetime | None = c.moment(nullable=True)
    yanked_by_staff: bool = c.flag()


class DistTag(SQLModel, table=True):
    """A name for a version, such as ``beta``; ``latest`` only where an owner set it."""

    __tablename__ = "dist_tags"
    package_id: int = c.reference("packages.id", primary_key=True)
    tag: str = c.text(primary_key=True)
    version_id: int = c.reference("versions.id")
    updated_at: datetime = c.now()


class VettingJob(SQLModel, table=True):
    """The work on one version: verdict, findings, and when each step was done."""

    __tablename__ = "vetting_jobs"
    version_id: int = c.reference("versions.id", primary_key=True)
    verdict: str | None = c.text(nullable=True)
    findings: list[dict[str, Any]] = c.json(default="'[]'")
    steps: list[dict[str, Any]] = c.json(default="'[]'")
    attempts: int = c.number(default="0")
    last_error: str | None = c.text(nullable=True)
    next_attempt_at: datetime = c.now()
    created_at: datetime = c.now()
    finished_at: datetime | None = c.moment(nullable=True)


class DownloadCount(SQLModel, table=True):
    """Downloads of one version through the API, by day."""

    __tablename__ = "download_counts"
    version_id: int = c.reference("versions.id", primary_key=True)
    day: date = c.column(sa.Date(), primary_key=True)
    count: int = c.number(default="0")
