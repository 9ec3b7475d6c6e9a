"""Column shorthands, so that a table reads as a list of facts; columns are NOT NULL unless said."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field


def column(kind: sa.types.TypeEngine[Any], *constraints: Any, **options: Any) -> Any:
    """Return a SQLModel field over one explicit column; ``default`` is a SQL expression."""
    default = options.pop("default", None)
    options.setdefault("nullable", False)
    server = sa.text(default) if default is not None else None
    return Field(
        default=None, sa_column=sa.Column(kind, *constraints, server_default=server, **options)
    )


def identity() -> Any:
    """Return a generated 64-bit primary key."""
    return column(sa.BigInteger(), sa.Identity(), primary_key=True)


def singleton() -> Any:
    """Return the primary key of a table that holds one row, number 1."""
    return column(sa.SmallInteger(), sa.CheckConstraint("id = 1"), primary_key=True, default="1")


def text(**options: Any) -> Any:
    """Return a text column."""
    return column(sa.Text(), **options)


def number(**options: Any) -> Any:
    """Return a 64-bit integer column."""
    return column(sa.BigInteger(), **options)


def flag() -> Any:
    """Return a boolean column that begins false."""
    return column(sa.Boolean(), default="false")


def moment(**options: Any) -> Any:
    """Return a timestamptz column."""
    return column(sa.DateTime(timezone=True), **options)


def now(**options: Any) -> Any:
    """Return a timestamptz column that defaults to the transaction's time."""
    return moment(default="now()", **options)


def json(**options: Any) -> Any:
    """Return a jsonb column."""
    return column(JSONB(), **options)


def octets(**options: Any) -> Any:
    """Return a bytea column."""
    return column(sa.LargeBinary(), **options)


def texts(**options: Any) -> Any:
    """Return a text[] column."""
    return column(ARRAY(sa.Text()), **options)


def reference(target: str, **options: Any) -> Any:
    """Return a 64-bit foreign key."""
    return column(sa.BigInteger(), sa.ForeignKey(target), **options)
