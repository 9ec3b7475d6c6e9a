"""A real PostgreSQL for a test session, and an own database for every test."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from skreg import embedded
from skreg.db.migrate import migrate

TEMPLATE = "skreg_template"


class DatabaseServer:
    """A running server with one migrated template; ``restart`` and ``pause`` act on all of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = embedded.start(folder / "database")
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        migrate(self.server.url(TEMPLATE))

    @contextmanager
    def fresh(self, template: str = TEMPLATE) -> Iterator[str]:
        """Yield the URL of a copy of a database, by default one with the empty schema."""
        name = sql.Identifier(f"t{uuid.uuid4().hex}")
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(template))
        )
        try:
            yield self.server.url(name.as_string().strip('"'))
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def renew(self, name: str, template: str) -> str:
        """Make a database of that name anew as a copy of another; return its URL."""
        target, source = sql.Identifier(name), sql.Identifier(template)
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(target))
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(target, source))
        return self.server.url(name)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of a database without any table."""
        name = sql.Identifier(f"t{uuid.uuid4().hex}")
        self._execute(sql.SQL("CREATE DATABASE {}").format(name))
        try:
            yield self.server.url(name.as_string().strip('"'))
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def stop(self) -> None:
        """End the server."""
        self.server.stop()

    def start(self) -> None:
        """Start it again on the same data."""
        self.server = embedded.start(self.folder / "database")

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """Yield a fresh folder that the database's own user may reach, as root too."""
    folder = Path(tempfile.mkdtemp(prefix="skreg-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database_server() -> Iterator[DatabaseServer]:
    """Yield a running server; stopped and removed afterwards."""
    with reachable_folder() as folder:
        server = DatabaseServer(folder)
        try:
            yield server
        finally:
            server.stop()
