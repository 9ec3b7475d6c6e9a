"""A schema as an earlier release left it, with what a registry would have held in it then."""

from __future__ import annotations

from pathlib import Path

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql

import skreg.db.migrate
from skreg.db.engine import driver_url

_COLUMNS = """
    SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position)
    FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER'
        AND table_name <> 'alembic_version'
    GROUP BY table_name ORDER BY table_name"""
_COUNTERS = """
    SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name)
    FROM information_schema.columns
    WHERE table_schema = 'public'
        AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL"""
Columns = dict[str, list[str]]


def _config() -> Config:
    config = Config()
    folder = Path(skreg.db.migrate.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    return config


def revisions() -> list[str]:
    """Return every revision, oldest first."""
    return sorted(item.revision for item in ScriptDirectory.from_config(_config()).walk_revisions())


def upgrade(database_url: str, revision: str) -> None:
    """Bring an empty database to an earlier revision."""
    engine = sa.create_engine(driver_url(database_url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


def columns(database_url: str) -> Columns:
    """Return the columns of every table that hold data of their own."""
    with psycopg.connect(database_url) as connection:
        return dict(connection.execute(_COLUMNS).fetchall())


def copy_rows(source_url: str, target_url: str) -> None:
    """Put into an older schema all that it can hold of a newer registry's rows.

    Neither triggers nor references act on them: they are what that release would have written.
    """
    theirs, ours = columns(source_url), columns(target_url)
    with psycopg.connect(source_url) as source, psycopg.connect(target_url) as target:
        target.execute("SET session_replication_role = replica")
        for table, names in ours.items():
            assert set(names) <= set(theirs[table]), f"{table} lost a column: contract later"
            target.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            _copy(source, target, table, names)
        for table, column, sequence in target.execute(_COUNTERS).fetchall():
            highest = sql.SQL("SELECT setval(%s, max({})) FROM {} HAVING max({}) > 0").format(
                *map(sql.Identifier, (column, table, column))
            )
            target.execute(highest, [sequence])


def _copy(
    source: psycopg.Connection, target: psycopg.Connection, table: str, names: list[str]
) -> None:
    held = sql.SQL(", ").join(map(sql.Identifier, names))
    out = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(held, sql.Identifier(table))
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), held)
    with source.cursor().copy(out) as giving, target.cursor().copy(into) as taking:
        for piece in giving:
            taking.write(piece)


def contents(database_url: str, wanted: Columns) -> dict[str, list[str]]:
    """Return what the columns of each table hold, row by row."""
    found = {}
    with psycopg.connect(database_url) as connection:
        for table, names in wanted.items():
            held = sql.SQL(", ").join(map(sql.Identifier, names))
            query = sql.SQL("SELECT CAST(ROW({}) AS text) FROM {} ORDER BY 1").format(
                held, sql.Identifier(table)
            )
            found[table] = [row[0] for row in connection.execute(query).fetchall()]
    return found
