"""Run one SQL text and read its rows as dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.engine import make_url

from skreg.db.pool import Connection

R = TypeVar("R")
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


async def all_rows(
    connection: Connection, kind: type[R], sql: str, values: Mapping[str, Any] | None = None
) -> list[R]:
    """Return every row as ``kind``, whose fields are the columns in order."""
    found = await connection.execute(_for_driver(sql), values or {})
    return [kind(*row) for row in await found.fetchall()]


async def one_row(
    connection: Connection, kind: type[R], sql: str, values: Mapping[str, Any] | None = None
) -> R | None:
    """Return the first row as ``kind``, None without one."""
    row = await (await connection.execute(_for_driver(sql), values or {})).fetchone()
    return None if row is None else kind(*row)


async def scalar(connection: Connection, sql: str, values: Mapping[str, Any] | None = None) -> Any:
    """Return the first column of the first row, None without one."""
    row = await (await connection.execute(_for_driver(sql), values or {})).fetchone()
    return None if row is None else row[0]


async def run(connection: Connection, sql: str, values: Mapping[str, Any] | None = None) -> int:
    """Execute a change and return how many rows it touched."""
    return (await connection.execute(_for_driver(sql), values or {})).rowcount


@lru_cache(maxsize=4096)
def _for_driver(sql: str) -> bytes:
    """Return SQL with ``:name`` as psycopg's placeholders; reading it anew costs a small query."""
    return str(text(sql).compile(dialect=_DIALECT)).encode()
