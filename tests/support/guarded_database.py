"""A database that lets one role in by password alone."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

USER = "registry"


@dataclass
class Guarded:
    """A database that lets ``registry`` in by password alone."""

    url: str
    admin_url: str

    def set_password(self, password: str) -> None:
        """Give the role another password, as a rotation does."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(USER), sql.Literal(password)
                )
            )

    def end_connections(self) -> None:
        """End what is connected, as a failover does."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [USER]
            )

    @property
    def logins(self) -> int:
        """Connections of the role now."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE usename = %s"
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            found = connection.execute(query, [USER]).fetchone()
        assert found is not None
        return int(found[0])
