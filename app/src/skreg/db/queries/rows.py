"""Run one SQL text and read its rows as dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

R = TypeVar("R")


@lru_cache(maxsize=4096)
def _statement(sql: str) -> TextClause:
    """Return the text as SQLAlchemy reads it; reading it anew costs as much as a small query."""
    return text(sql)


async def all_rows(
    connection: AsyncConnection, kind: type[R], sql: str, values: Mapping[str, Any] | None = None
) -> list[R]:
    """Return every row as ``kind``, whose fields are the columns in order."""
    found = await connection.execute(_statement(sql), values or {})
    return [kind(*row) for row in found]


async def one_row(
    connection: AsyncConnection, kind: type[R], sql: str, values: Mapping[str, Any] | None = None
) -> R | None:
    """Return the first row as ``kind``, None without one."""
    row = (await connection.execute(_statement(sql), values or {})).first()
    return None if row is None else kind(*row)


async def scalar(
    connection: AsyncConnection, sql: str, values: Mapping[str, Any] | None = None
) -> Any:
    """Return the first column of the first row, None without one."""
    return (await connection.execute(_statement(sql), values or {})).scalar()


async def run(
    connection: AsyncConnection, sql: str, values: Mapping[str, Any] | None = None
) -> int:
    """Execute a change and return how many rows it touched."""
    return (await connection.execute(_statement(sql), values or {})).rowcount
