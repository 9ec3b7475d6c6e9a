"""A server that asks for passwords: one role, whose password tests change."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from support.database import TEMPLATE, DatabaseServer, database_server
from support.guarded_database import USER, Guarded


@pytest.fixture(scope="session")
def server() -> Iterator[DatabaseServer]:
    with database_server() as running:
        with psycopg.connect(running.server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {USER} LOGIN")
            connection.execute(f"ALTER DATABASE {TEMPLATE} OWNER TO {USER}")
            _require_password(running.folder / "database" / "pg_hba.conf")
            connection.execute("SELECT pg_reload_conf()")
            time.sleep(0.2)
        yield running


def _require_password(path: Path) -> None:
    """Put a rule first; the file's owner and mode stay."""
    rules = path.read_text()
    with path.open("r+") as file:
        file.write(f"local all {USER} scram-sha-256\n{rules}")


@pytest.fixture
def guarded(server: DatabaseServer) -> Iterator[Guarded]:
    with server.fresh() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {USER}")
            connection.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {USER}")
        yield Guarded(url.replace("postgres@", f"{USER}@", 1), url)
