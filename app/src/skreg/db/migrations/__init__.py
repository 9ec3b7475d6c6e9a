"""Schema revisions: expand first, contract a release later, so that N-1 serves while N migrates."""

from __future__ import annotations

from importlib.resources import files

from alembic import op


def run_sql(name: str) -> None:
    """Run one file of ``sql/`` on the migration's connection, as the driver takes it."""
    script = files(__name__).joinpath("sql", name).read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("the migration has no open connection")
    driver.execute(script)
