"""The schema as SQLModel tables: the truth that migrations are tested against.

Queries (``skreg.db.queries``) are SQL text over these: no ORM object is loaded on a request's
path. Times are ``timestamptz``. No contrib extension is used.
"""

from __future__ import annotations

from sqlmodel import SQLModel

from skreg.db.tables import (
    access,
    accounts,
    catalogue,
    limits,
    moderation,
    publication,
    releases,
    search,
    trusted,
)

metadata = SQLModel.metadata

__all__ = [
    "access",
    "accounts",
    "catalogue",
    "limits",
    "metadata",
    "moderation",
    "publication",
    "releases",
    "search",
    "trusted",
]
