"""Bring the schema to this version's head, under a lock, from any number of processes."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from skreg.db.access import DatabaseAccess, access_to
from skreg.db.engine import open_engine
from skreg.db.locks import MIGRATION_LOCK
from skreg.db.pool import away
from skreg.errors import Unavailable

_FOLDER = Path(__file__).parent / "migrations"
_PAUSE_SECONDS = 1.0
_log = structlog.get_logger(__name__)


def head() -> str:
    """Return the newest revision this code knows, for example ``0002``."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise RuntimeError("the package carries no schema revisions")
    return found


def migrate(database: DatabaseAccess | str) -> str:
    """Apply every missing revision; returns the head. Concurrent callers wait for each other.

    Raises:
        sqlalchemy.exc.OperationalError: the database does not answer.
    """
    access = access_to(database)
    engine = open_engine(access)
    try:
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
            config = _config()
            config.attributes["connection"] = connection
            if not _is_beyond(connection):
                command.upgrade(config, "head")
            connection.commit()
    finally:
        engine.dispose()
    return head()


def migrate_when_there(database: DatabaseAccess | str, seconds: float = 240.0) -> str:
    """Migrate as soon as the database answers; returns the head.

    Args:
        database: as `migrate`.
        seconds: how long a database that is still being made, or comes back, is waited for.

    Raises:
        DatabaseUnavailable: it did not answer in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return migrate(database)
        except (sa.exc.OperationalError, sa.exc.InterfaceError, Unavailable) as error:
            if time.monotonic() > deadline:
                raise away(error) from error
            _log.warning("database-awaited", error=type(error).__name__)
        time.sleep(_PAUSE_SECONDS)


def _is_beyond(connection: sa.Connection) -> bool:
    """Whether a newer release has already migrated: then there is nothing this one may do."""
    present = sa.inspect(connection).has_table("alembic_version")
    version = (
        connection.execute(sa.text("SELECT max(version_num) FROM alembic_version")).scalar()
        if present
        else None
    )
    connection.commit()
    return version is not None and str(version) > head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config
