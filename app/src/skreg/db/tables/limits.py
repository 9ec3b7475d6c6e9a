"""Quotas, idempotency keys, and the readers of packages in a private registry."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


class PackageReader(SQLModel, table=True):
    """An account that may read a restricted package without being a member."""

    __tablename__ = "package_readers"
    package_id: int = c.reference("packages.id", primary_key=True)
    account_id: int = c.reference("accounts.id", primary_key=True, index=True)
    created_at: datetime = c.now()


class NamespaceQuota(SQLModel, table=True):
    """What an administrator granted a namespace; empty is the registry's setting."""

    __tablename__ = "namespace_quotas"
    namespace_id: int = c.reference("namespaces.id", primary_key=True)
    packages: int | None = c.number(nullable=True)
    versions_per_day: int | None = c.number(nullable=True)
    bytes: int | None = c.number(nullable=True)


class NamespaceUsage(SQLModel, table=True):
    """What a namespace uses; triggers keep it. ``versions_today`` counts on the UTC ``day``."""

    __tablename__ = "namespace_usage"
    namespace_id: int = c.reference("namespaces.id", primary_key=True)
    packages: int = c.number(default="0")
    bytes: int = c.number(default="0")
    day: date = c.column(sa.Date(), default="current_date")
    versions_today: int = c.number(default="0")


class IdempotencyKey(SQLModel, table=True):
    """A request that carried a key, kept for a day; its answer is sealed under that key.

    ``digest`` is of caller, method, path and key; ``response`` is empty while it is worked on.
    """

    __tablename__ = "idempotency_keys"
    digest: bytes = c.octets(primary_key=True)
    request_hash: bytes = c.octets()
    status: int | None = c.column(sa.SmallInteger(), nullable=True)
    response: bytes | None = c.octets(nullable=True)
    created_at: datetime = c.now(index=True)
