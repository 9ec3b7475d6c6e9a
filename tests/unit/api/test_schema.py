"""The migrated schema is what the tables say, and the database guards what is for ever."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from skreg.db.engine import driver_url
from skreg.db.migrate import head, migrate
from skreg.db.tables import metadata
from support.asgi import AsgiClient
from support.database import DatabaseServer
from support.registry import Registry
from support.skills import make_skill

QUEUE = ("procrastinate_", "idx_procrastinate_", "alembic_")


def _ours(_object: object, name: str | None, *_: object) -> bool:
    return not (name or "").startswith(QUEUE)


def test_the_migrations_make_what_the_tables_say(server: DatabaseServer) -> None:
    with server.fresh() as url:
        engine = sa.create_engine(driver_url(url))
        with engine.connect() as connection:
            options = {"compare_type": True, "include_object": _ours}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, metadata) == []
        engine.dispose()


def test_the_queue_is_the_installed_procrastinates() -> None:
    ours = files("skreg.db.migrations").joinpath("sql/0002_queue.sql").read_text()
    theirs = files("procrastinate.sql").joinpath("schema.sql").read_text()
    assert ours == theirs, "procrastinate changed its schema: write a revision for it"


def test_no_extension_is_needed(server: DatabaseServer) -> None:
    with server.fresh() as url, psycopg.connect(url) as connection:
        found = connection.execute("SELECT extname FROM pg_extension").fetchall()
        assert found == [("plpgsql",)]


def test_many_processes_migrate_at_once(server: DatabaseServer) -> None:
    with server.empty() as url, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(migrate, [url] * 4)) == [head()] * 4


def test_an_older_release_leaves_a_newer_schema_alone(server: DatabaseServer) -> None:
    with server.fresh() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert migrate(url) == head()
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            assert row == ("9999",)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE versions SET sha256 = repeat('0', 64)",
        "UPDATE versions SET content_digest = repeat('0', 64)",
        "UPDATE versions SET size = size + 1",
        "UPDATE versions SET version = '9.9.9'",
        "UPDATE versions SET manifest = jsonb_set(manifest, '{description}', to_jsonb('x'::text))",
        "UPDATE versions SET log_index = log_index + 1",
        "DELETE FROM versions",
        "UPDATE log_entries SET entry = 'x'",
        "DELETE FROM log_entries",
        "INSERT INTO log_entries SELECT index + 1000, kind, version_id, entry, now() "
        "FROM log_entries WHERE kind = 'publish'",
    ],
)
def test_the_database_refuses_to_forget(acme: AsgiClient, registry: Registry, change: str) -> None:
    async def publish() -> None:
        await acme.upload("/v1/packages/acme/demo/publish", make_skill("acme", "demo"))
        await registry.work()

    asyncio.run(publish())
    with pytest.raises(psycopg.errors.IntegrityError):
        registry.sql(change)
