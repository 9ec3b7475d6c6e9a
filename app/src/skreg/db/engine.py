"""SQLAlchemy's engine, for the migrations alone: Alembic asks for one."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from skreg.db.access import DatabaseAccess


def driver_url(database_url: str) -> str:
    """Return the URL with SQLAlchemy's name for psycopg 3 as its scheme."""
    return "postgresql+psycopg://" + database_url.partition("://")[2]


def open_engine(access: DatabaseAccess) -> Engine:
    """Return an engine that keeps no connection and asks for the password before each."""
    engine = create_engine(driver_url(access.url), poolclass=NullPool)

    @event.listens_for(engine, "do_connect")
    def ask(_dialect: object, _record: object, _args: object, asked: dict[str, object]) -> None:
        asked.update(access.credentials())

    return engine
