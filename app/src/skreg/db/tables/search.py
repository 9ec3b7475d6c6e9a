"""Search with its popularity, and the changes that mirrors follow."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import SQLModel

from skreg.db.tables import columns as c


def _documents(name: str, up_to: int | None = None) -> sa.Index:
    """An index over the words; without a pending list, which every search would read through."""
    where = None if up_to is None else sa.text(f"tier <= {up_to}")
    return sa.Index(
        name,
        "document",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=where,
    )


class PackageSearch(SQLModel, table=True):
    """One row a visible package; a trigger keeps ``document`` from the other columns.

    ``popularity`` is how many addresses downloaded it lately, ``tier`` the place that this gives
    it (``search_popularity.TIER_SIZES``): a search begins in the small indexes.
    """

    __tablename__ = "package_search"
    __table_args__ = (
        _documents("package_search_document"),
        _documents("package_search_tier0", 0),
        _documents("package_search_tier1", 1),
        _documents("package_search_tier2", 2),
        _documents("package_search_tier3", 3),
        sa.Index("package_search_tags", "tags", postgresql_using="gin"),
        sa.Index("package_search_category", "category"),
        sa.Index("package_search_newest", "published_at", "package_id"),
        sa.Index("package_search_name", "namespace", "name"),
        sa.Index("package_search_exact", "name"),
    )
    package_id: int = c.reference("packages.id", primary_key=True)
    namespace: str = c.text()
    name: str = c.text()
    version: str = c.text()
    description: str = c.text()
    category: str = c.text()
    tags: list[str] = c.texts()
    popularity: int = c.number(default="0")
    tier: int = c.column(sa.SmallInteger(), default="4")
    published_at: datetime = c.moment()
    document: str | None = c.column(TSVECTOR(), nullable=True)


class SearchFacet(SQLModel, table=True):
    """How many visible packages use a tag or category; kept by a trigger."""

    __tablename__ = "search_facets"
    __table_args__ = (sa.Index("search_facets_most", "kind", "packages"),)
    kind: str = c.text(primary_key=True)
    name: str = c.text(primary_key=True)
    packages: int = c.number()


class VisitSalt(SQLModel, table=True):
    """The key under which a UTC day's addresses are hashed; removed with the day."""

    __tablename__ = "visit_salts"
    day: date = c.column(sa.Date(), primary_key=True)
    salt: bytes = c.octets()


class DownloadVisit(SQLModel, table=True):
    """An address that downloaded a package on a day; kept for that day and the next."""

    __tablename__ = "download_visits"
    day: date = c.column(sa.Date(), primary_key=True)
    package_id: int = c.reference("packages.id", primary_key=True)
    visitor: bytes = c.octets(primary_key=True)


class DownloadDay(SQLModel, table=True):
    """How many addresses downloaded a package on a day."""

    __tablename__ = "download_days"
    package_id: int = c.reference("packages.id", primary_key=True)
    day: date = c.column(sa.Date(), primary_key=True)
    addresses: int = c.number(default="0")


class Change(SQLModel, table=True):
    """An index document that the read plane newly shows, and the versions it first shows.

    ``seq`` is given under a lock that lasts until commit; triggers write the rows.
    """

    __tablename__ = "changes"
    __table_args__ = (
        sa.Index("changes_package", "package_id", "seq"),
        sa.Index("changes_published", "seq", postgresql_where=sa.text("published <> '{}'")),
    )
    seq: int = c.column(sa.BigInteger(), primary_key=True, autoincrement=False)
    package_id: int = c.reference("packages.id")
    index_sequence: int = c.number()
    published: list[str] = c.texts(default="'{}'")
    at: datetime = c.now()
