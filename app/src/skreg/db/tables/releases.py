"""What happens to a version or package after publication: withdrawals, transfers, dependents."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


class Withdrawal(SQLModel, table=True):
    """A version that was taken away, and how far the worker is with its archive.

    ``kind`` is ``unpublished`` (by its owner) or ``takedown`` (by the registry); ``asked_by``
    None is the operator at the shell.
    """

    __tablename__ = "withdrawals"
    __table_args__ = (
        sa.Index(
            "withdrawals_unfinished",
            "next_attempt_at",
            postgresql_where=sa.text("invalidated_at IS NULL"),
        ),
    )
    version_id: int = c.reference("versions.id", primary_key=True)
    kind: str = c.text()
    reason: str = c.text(default="''")
    asked_by: int | None = c.reference("accounts.id", nullable=True)
    created_at: datetime = c.now()
    removed_at: datetime | None = c.moment(nullable=True)
    invalidated_at: datetime | None = c.moment(nullable=True)
    attempts: int = c.number(default="0")
    last_error: str | None = c.text(nullable=True)
    next_attempt_at: datetime = c.now()


class Transfer(SQLModel, table=True):
    """A package that is offered to another namespace; removed when it is answered."""

    __tablename__ = "transfers"
    __table_args__ = (sa.UniqueConstraint("package_id", name="transfers_once"),)
    id: str = c.text(primary_key=True)
    package_id: int = c.reference("packages.id")
    to_namespace_id: int = c.reference("namespaces.id", index=True)
    to_name: str = c.text()
    asked_by: int = c.reference("accounts.id")
    created_at: datetime = c.now()
    expires_at: datetime = c.moment()


class VersionDependency(SQLModel, table=True):
    """What a version needs, ``ns/name`` and an npm range; a trigger keeps it from the manifest."""

    __tablename__ = "version_dependencies"
    version_id: int = c.reference("versions.id", primary_key=True)
    package: str = c.text(primary_key=True, index=True)
    wanted: str = c.text()
